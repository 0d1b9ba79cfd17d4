//! The consumer of the queue of events: posts each to its endpoint, and answers which messages to deliver again.

use std::time::Instant;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::{
    aws::clients::counting,
    lambda::{
        metrics::{Metric, Metrics},
        sqs,
    },
    ports::{Clock, Deliveries, WebhookEndpoints, WebhookSender},
    use_case::webhooks::deliver_events::{DeliveryOutcome, Report, deliver_events},
};

/// Works off a batch.
pub async fn handle<S, Q, C>(
    store: &S,
    queue: &Q,
    sender: &C,
    clock: &dyn Clock,
    event: SqsEvent,
    request_id: &str,
) -> SqsBatchResponse
where
    S: WebhookEndpoints,
    Q: Deliveries,
    C: WebhookSender,
{
    let started = Instant::now();
    let messages = sqs::messages(event);
    let count = messages.len();
    let (reports, calls) = counting(Box::pin(deliver_events(store, queue, sender, clock, messages))).await;
    let mut metrics = Metrics::default();
    let mut again = Vec::new();
    for report in reports {
        log(request_id, &report, &mut metrics);
        if report.is_again() {
            again.push(report.message.message_id);
        }
    }
    let ms = started.elapsed().as_secs_f64() * 1_000.0;
    let (messages, retried) = (count, again.len());
    tracing::info!(request_id, action = "deliver_events", messages, again = retried, ms, calls, "batch");
    metrics.emit("deliver_events");
    sqs::response(again)
}

/// The endpoint by its name: its URL may hold a secret.
fn log(request_id: &str, report: &Report, metrics: &mut Metrics) {
    let delivery = report.message.body.as_ref();
    let endpoint = delivery.map(|delivery| delivery.endpoint.0.as_str());
    let event = delivery.map(|delivery| delivery.id.as_str());
    let kind = delivery.map(|delivery| delivery.kind.as_str());
    let reference = delivery.map(|delivery| delivery.reference.as_str());
    let (action, attempt) = ("deliver_events", report.message.count);
    match &report.outcome {
        DeliveryOutcome::Delivered(status) => {
            metrics.count(Metric::EventsDelivered);
            let outcome = "delivered";
            tracing::info!(request_id, action, endpoint, event, kind, reference, attempt, outcome, status, "event");
        }
        DeliveryOutcome::Dropped => {
            metrics.count(Metric::EventsDropped);
            let outcome = "dropped";
            tracing::info!(request_id, action, endpoint, event, kind, reference, attempt, outcome, "event");
        }
        DeliveryOutcome::Again { cause, delay } => {
            metrics.count(Metric::EventRetries);
            let (outcome, delay) = ("again", delay.as_secs());
            tracing::warn!(
                request_id, action, endpoint, event, kind, reference, attempt, outcome, delay, cause, "event"
            );
        }
        DeliveryOutcome::GivenUp { cause } => {
            metrics.count(Metric::EventsGivenUp);
            let outcome = "given up";
            tracing::error!(request_id, action, endpoint, event, kind, reference, attempt, outcome, cause, "event");
        }
    }
}
