//! Batches of SQS: records to messages, and the partial batch response.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use serde::de::DeserializeOwned;

use crate::ports::QueueMessage;

/// The messages of a batch, each body from JSON.
pub fn messages<T: DeserializeOwned>(event: SqsEvent) -> Vec<QueueMessage<T>> {
    event.records.into_iter().map(message).collect()
}

fn message<T: DeserializeOwned>(record: SqsMessage) -> QueueMessage<T> {
    let count = record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    QueueMessage {
        message_id: record.message_id.unwrap_or_default(),
        receipt: record.receipt_handle.unwrap_or_default(),
        body: record.body.as_deref().and_then(|body| serde_json::from_str(body).ok()),
        count: count.unwrap_or(1),
    }
}

/// The response by which the messages with these ids are delivered again, and no others.
pub fn response(again: Vec<String>) -> SqsBatchResponse {
    let failure = |message_id| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = message_id;
        failure
    };
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = again.into_iter().map(failure).collect();
    response
}
