//! The consumer of the queue of events: posts each to its endpoint, and answers which messages to deliver again.

use std::time::Instant;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use shared::{
    lambda::{
        clients::counting,
        metrics::{Metric, Metrics},
    },
    ports::{Clock, Courier, Deliveries, Endpoints},
    use_case::deliver_events::{Delivery, Outcome, Report, deliver_events},
};

/// Works off a batch.
pub async fn handle<S, Q, C>(
    store: &S,
    queue: &Q,
    courier: &C,
    clock: &dyn Clock,
    event: SqsEvent,
    request_id: &str,
) -> SqsBatchResponse
where
    S: Endpoints,
    Q: Deliveries,
    C: Courier,
{
    let started = Instant::now();
    let deliveries: Vec<Delivery> = event.records.into_iter().map(delivery).collect();
    let messages = deliveries.len();
    let (reports, calls) = counting(Box::pin(deliver_events(store, queue, courier, clock, deliveries))).await;
    let mut metrics = Metrics::default();
    let mut response = SqsBatchResponse::default();
    for report in reports {
        log(request_id, &report, &mut metrics);
        if report.is_again() {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = report.delivery.message_id;
            response.batch_item_failures.push(failure);
        }
    }
    let ms = started.elapsed().as_secs_f64() * 1_000.0;
    let again = response.batch_item_failures.len();
    tracing::info!(request_id, action = "deliver_events", messages, again, ms, calls, "batch");
    metrics.emit("deliver_events");
    response
}

fn delivery(message: SqsMessage) -> Delivery {
    let count = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    Delivery {
        message_id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        outgoing: message.body.as_deref().and_then(|body| serde_json::from_str(body).ok()),
        count: count.unwrap_or(1),
    }
}

/// The endpoint by its name: its URL may hold a secret.
fn log(request_id: &str, report: &Report, metrics: &mut Metrics) {
    let outgoing = report.delivery.outgoing.as_ref();
    let endpoint = outgoing.map(|outgoing| outgoing.endpoint.0.as_str());
    let event = outgoing.map(|outgoing| outgoing.id.as_str());
    let kind = outgoing.map(|outgoing| outgoing.kind.as_str());
    let reference = outgoing.map(|outgoing| outgoing.reference.as_str());
    let (action, attempt) = ("deliver_events", report.delivery.count);
    match &report.outcome {
        Outcome::Delivered(status) => {
            metrics.count(Metric::EventsDelivered);
            let outcome = "delivered";
            tracing::info!(request_id, action, endpoint, event, kind, reference, attempt, outcome, status, "event");
        }
        Outcome::Dropped => {
            metrics.count(Metric::EventsDropped);
            let outcome = "dropped";
            tracing::info!(request_id, action, endpoint, event, kind, reference, attempt, outcome, "event");
        }
        Outcome::Again { cause, delay } => {
            metrics.count(Metric::EventRetries);
            let (outcome, delay) = ("again", delay.as_secs());
            tracing::warn!(
                request_id, action, endpoint, event, kind, reference, attempt, outcome, delay, cause, "event"
            );
        }
        Outcome::GivenUp { cause } => {
            metrics.count(Metric::EventsGivenUp);
            let outcome = "given up";
            tracing::error!(request_id, action, endpoint, event, kind, reference, attempt, outcome, cause, "event");
        }
    }
}
