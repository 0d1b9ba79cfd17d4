//! The consumer of the queue of events: posts each to its endpoint, and answers which messages to deliver again.

use std::time::Instant;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use shared::{
    aws::clients::counting,
    lambda::metrics::{Metric, Metrics},
    ports::{Clock, Deliveries, WebhookEndpoints, WebhookSender},
    use_case::webhooks::deliver_events::{DeliveryOutcome, Report, WebhookMessage, deliver_events},
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
    let messages: Vec<WebhookMessage> = event.records.into_iter().map(webhook_message).collect();
    let count = messages.len();
    let (reports, calls) = counting(Box::pin(deliver_events(store, queue, sender, clock, messages))).await;
    let mut metrics = Metrics::default();
    let mut response = SqsBatchResponse::default();
    for report in reports {
        log(request_id, &report, &mut metrics);
        if report.is_again() {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = report.message.message_id;
            response.batch_item_failures.push(failure);
        }
    }
    let ms = started.elapsed().as_secs_f64() * 1_000.0;
    let again = response.batch_item_failures.len();
    tracing::info!(request_id, action = "deliver_events", messages = count, again, ms, calls, "batch");
    metrics.emit("deliver_events");
    response
}

fn webhook_message(message: SqsMessage) -> WebhookMessage {
    let count = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    WebhookMessage {
        message_id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        delivery: message.body.as_deref().and_then(|body| serde_json::from_str(body).ok()),
        count: count.unwrap_or(1),
    }
}

/// The endpoint by its name: its URL may hold a secret.
fn log(request_id: &str, report: &Report, metrics: &mut Metrics) {
    let delivery = report.message.delivery.as_ref();
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
