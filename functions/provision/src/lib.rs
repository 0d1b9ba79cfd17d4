//! The provisioning queue's consumer: makes the lines of paid orders, and answers which messages to deliver again.

mod metered;

use std::time::{Duration, Instant};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use shared::{
    aws::{clients::counting, sqs::from_body},
    lambda::metrics::{Metric, Metrics},
    ports::{Activations, Deliveries, Orders, Provisioner},
    use_case::{
        Worker,
        provisioning::provision::{Batch, OrderMessage, ProvisionOutcome, Report, provision},
    },
};

use metered::{CallOutcome, Metered};

/// Works off a batch. `time_left`: of the invocation.
pub async fn handle<S, Q, P>(
    service: &Worker<S, Q>,
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
    let deliveries: Vec<OrderMessage> = event.records.into_iter().map(delivery).collect();
    let messages = deliveries.len();
    let provisioner = Metered::new(provisioner);
    let (batch, calls) = counting(Box::pin(provision(service, &provisioner, deliveries, time_left))).await;
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
    response(batch)
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

fn delivery(message: SqsMessage) -> OrderMessage {
    let count = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    OrderMessage {
        message_id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        name: message.body.as_deref().and_then(from_body),
        count: count.unwrap_or(1),
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

fn response(batch: Batch) -> SqsBatchResponse {
    let failure = |item_identifier| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = item_identifier;
        failure
    };
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = batch.again.into_iter().map(failure).collect();
    response
}
