//! The consumer of the table's stream: queues what endpoints are to be told of orders' changes, and answers from which record
//! on the stream is to come again.

use std::time::Instant;

use aws_lambda_events::{
    dynamodb::Event,
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use shared::{
    aws::{clients::counting, dynamodb::stream},
    lambda::metrics::{Metric, Metrics},
    ports::{EventQueue, UnpublishedQueue, WebhookEndpoints},
    use_case::webhooks::publish_events::publish_events,
    wire::webhook,
};

/// Publishes a batch of the stream.
pub async fn handle<S, Q, P>(
    store: &S,
    queue: &Q,
    unpublished_queue: &P,
    event: Event,
    request_id: &str,
) -> DynamoDbEventResponse
where
    S: WebhookEndpoints,
    Q: EventQueue,
    P: UnpublishedQueue,
{
    let started = Instant::now();
    let records: Vec<_> = event.records.into_iter().map(stream::read).collect();
    let read = records.len();
    let work = Box::pin(publish_events(store, queue, unpublished_queue, records, webhook::body));
    let (published, calls) = counting(work).await;
    let mut metrics = Metrics::default();
    if published.queued > 0 {
        metrics.add(Metric::EventsQueued, f64::from(published.queued));
    }
    for what in &published.parked {
        metrics.count(Metric::EventsUnpublished);
        let (place, reason) = (&what.sequence_number, &what.reason);
        tracing::error!(request_id, action = "publish_events", outcome = "unpublished", place, reason, "record");
    }
    let ms = started.elapsed().as_secs_f64() * 1_000.0;
    let queued = published.queued;
    let mut response = DynamoDbEventResponse::default();
    match published.failed {
        None => tracing::info!(request_id, action = "publish_events", records = read, queued, ms, calls, "batch"),
        Some((place, cause)) => {
            metrics.count(Metric::Faults);
            tracing::warn!(
                request_id,
                action = "publish_events",
                outcome = "again",
                records = read,
                queued,
                place,
                %cause,
                ms,
                calls,
                "batch"
            );
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(place);
            response.batch_item_failures.push(failure);
        }
    }
    metrics.emit("publish_events");
    response
}
