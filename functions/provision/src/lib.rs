//! The provisioning queue's consumer: makes the lines of paid orders, and answers which messages to deliver again.

mod metered;

use std::time::{Duration, Instant};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::{
    aws::clients::counting,
    lambda::{
        metrics::{Metric, Metrics},
        sqs,
    },
    ports::{Activations, Deliveries, Orders, Provisioner},
    use_case::{
        context::Context,
        provisioning::provision::{ProvisionOutcome, Report, provision},
    },
};

use metered::{CallOutcome, Metered};

/// Works off a batch. `time_left`: of the invocation.
pub async fn handle<S, Q, P>(
    context: &Context<S, Q>,
    provisioner: &P,
    event: SqsEvent,
    request_id: &str,
    time_left: &(dyn Fn() -> Duration + Sync),
) -> SqsBatchResponse
where
    S: Orders + Activations,
    Q: Deliveries,
    P: Provisioner,
{
    let started = Instant::now();
    let deliveries = sqs::messages(event);
    let messages = deliveries.len();
    let provisioner = Metered::new(provisioner);
    let (batch, calls) = counting(Box::pin(provision(context, &provisioner, deliveries, time_left))).await;
    let mut metrics = Metrics::default();
    for report in &batch.reports {
        log(request_id, report, &mut metrics);
    }
    let ms = started.elapsed().as_secs_f64() * 1_000.0;
    let again = batch.again.len();
    let panel_calls = provisioner.count();
    tracing::info!(request_id, action = "provision", messages, again, ms, calls, panel_calls, "batch");
    metrics.emit("provision");
    emit(&provisioner.into_calls());
    sqs::response(batch.again)
}

/// The metrics of the provisioner, in lines of as many values as one may have.
fn emit(calls: &[(CallOutcome, f64)]) {
    for calls in calls.chunks(100) {
        let mut metrics = Metrics::default();
        for (outcome, ms) in calls {
            metrics.count(Metric::ProvisionerCalls);
            metrics.add(Metric::ProvisionerMilliseconds, *ms);
            match outcome {
                CallOutcome::Done => {}
                CallOutcome::Refused => metrics.count(Metric::ProvisionerRefusals),
                CallOutcome::Fault => metrics.count(Metric::ProvisionerFaults),
            }
        }
        metrics.emit("provision");
    }
}

fn log(request_id: &str, report: &Report, metrics: &mut Metrics) {
    let reference = report.reference.as_deref();
    match &report.outcome {
        ProvisionOutcome::Completed { seconds } => {
            metrics.count(Metric::OrdersProvisioned);
            metrics.add(Metric::SecondsToProvision, *seconds);
            tracing::info!(request_id, action = "provision", reference, outcome = "completed", seconds, "order");
        }
        ProvisionOutcome::Failed { reason } => {
            metrics.count(Metric::OrdersFailed);
            tracing::error!(request_id, action = "provision", reference, outcome = "failed", reason, "order");
        }
        ProvisionOutcome::Nothing => {
            tracing::info!(request_id, action = "provision", reference, outcome = "nothing", "order");
        }
        ProvisionOutcome::Again { cause, delay } => {
            metrics.count(Metric::ProvisionRetries);
            let delay = delay.as_secs();
            tracing::warn!(request_id, action = "provision", reference, outcome = "again", delay, %cause, "order");
        }
    }
}
