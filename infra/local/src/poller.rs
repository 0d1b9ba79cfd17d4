//! Lambda's event source mapping, here: receives batches, calls the consumer, deletes what was not reported back.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

use std::{collections::HashSet, time::Duration};

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use aws_sdk_sqs::{
    Client,
    types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName},
};

use crate::{
    functions::{Consumer, Functions},
    template,
};

/// Pollers of a queue; each calls the consumer once at a time. An event source mapping begins with five.
pub const POLLERS: usize = 5;

/// Pollers of the queue of events, one message each: the template's `EventsConcurrency`.
pub const EVENT_POLLERS: usize = 10;

/// Seconds that a receive waits for messages.
const WAIT: i32 = 20;

/// One poller.
#[derive(Clone)]
pub struct Poller {
    /// Of its own: the consumer's client may be a faulty one in tests.
    pub client: Client,
    /// The queue.
    pub url: String,
    /// Batch size and timeout.
    pub queue: template::Queue,
    /// The consumer.
    pub consumer: Consumer,
    /// All functions.
    pub functions: Functions,
}

impl Poller {
    /// Polls until it is dropped.
    pub async fn run(self) {
        loop {
            match self.receive().await {
                Ok(messages) if messages.is_empty() => {}
                Ok(messages) => self.deliver(messages).await,
                Err(()) => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
    }

    async fn receive(&self) -> Result<Vec<Message>, ()> {
        let call = self.client.receive_message().queue_url(&self.url).max_number_of_messages(self.queue.batch_size);
        let call = call.wait_time_seconds(WAIT).message_system_attribute_names(MessageSystemAttributeName::All);
        call.send().await.map(|answer| answer.messages.unwrap_or_default()).map_err(|_| ())
    }

    /// Calls the consumer with a batch; what it does not report back is deleted.
    pub async fn deliver(&self, messages: Vec<Message>) {
        let mut event = SqsEvent::default();
        event.records = messages.iter().map(record).collect();
        let functions = self.functions.clone();
        let timeout = Duration::from_secs(self.queue.consumer_timeout);
        // A task of its own: a consumer that panics or takes too long loses its batch, not the poller.
        let consumer = self.consumer;
        let work = tokio::spawn(async move { functions.consume(consumer, event, timeout).await });
        let stop = work.abort_handle();
        let Ok(Ok(answer)) = tokio::time::timeout(timeout, work).await else {
            stop.abort();
            return;
        };
        let failed: HashSet<String> =
            answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        let done =
            messages.into_iter().filter(|message| !message.message_id.as_ref().is_some_and(|id| failed.contains(id)));
        let entries: Vec<DeleteMessageBatchRequestEntry> = done
            .enumerate()
            .filter_map(|(index, message)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
                entry.receipt_handle(message.receipt_handle?).build().ok()
            })
            .collect();
        if !entries.is_empty() {
            // What is not deleted is delivered again, which does no harm.
            let _again =
                self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
        }
    }
}

fn record(message: &Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id.clone_from(&message.message_id);
    record.receipt_handle.clone_from(&message.receipt_handle);
    record.body.clone_from(&message.body);
    record.event_source = Some("aws:sqs".to_owned());
    let attributes = message.attributes.iter().flatten();
    record.attributes = attributes.map(|(name, value)| (name.as_str().to_owned(), value.clone())).collect();
    record
}
