//! The queues' ports on Amazon SQS.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    types::{QueueAttributeName, SendMessageBatchRequestEntry},
};

use crate::aws::error::call_error;
use crate::ports::{
    Deliveries, EventQueue, OrderRef, PortError, Queue, Unpublished, UnpublishedQueue, WebhookDelivery,
};

/// The queue at a URL.
#[derive(Clone)]
pub struct Sqs {
    client: Client,
    url: String,
}

impl Sqs {
    /// The queue at `url` through `client`.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Opens the connection ahead of the first message: by the depth of the queue, which nobody minds telling.
    pub async fn connect(&self) -> Result<(), PortError> {
        self.waiting().await.map(|_| ())
    }
}

/// The body of a message that names an order: `{"order":"<uuid>","number":42}`.
pub fn to_body(name: OrderRef) -> Result<String, PortError> {
    serde_json::to_string(&name).map_err(|_| PortError::Corrupt("a message cannot be written".to_owned()))
}

/// The order a message's body names.
pub fn from_body(body: &str) -> Option<OrderRef> {
    serde_json::from_str(body).ok()
}

impl Queue for Sqs {
    async fn send(&self, name: OrderRef) -> Result<(), PortError> {
        let answer = self.client.send_message().queue_url(&self.url).message_body(to_body(name)?).send().await;
        answer.map(|_| ()).map_err(|error| call_error("SendMessage", &error))
    }

    async fn waiting(&self) -> Result<u64, PortError> {
        let wanted = QueueAttributeName::ApproximateNumberOfMessages;
        let answer =
            self.client.get_queue_attributes().queue_url(&self.url).attribute_names(wanted.clone()).send().await;
        let answer = answer.map_err(|error| call_error("GetQueueAttributes", &error))?;
        let waiting = answer.attributes.as_ref().and_then(|attributes| attributes.get(&wanted)?.parse().ok());
        waiting.ok_or_else(|| PortError::Corrupt("the queue's depth cannot be read".to_owned()))
    }
}

impl EventQueue for Sqs {
    async fn send_events(&self, events: &[WebhookDelivery]) -> Result<(), PortError> {
        let entry = |(index, event): (usize, &WebhookDelivery)| {
            let unwritten = || PortError::Corrupt("an event cannot be written".to_owned());
            SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(serde_json::to_string(event).map_err(|_| unwritten())?)
                // A fair queue: an endpoint with many messages in work is passed over for one with few.
                // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
                .message_group_id(&event.endpoint.0)
                .build()
                .map_err(|_| unwritten())
        };
        let entries = events.iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        let answer = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
        let answer = answer.map_err(|error| call_error("SendMessageBatch", &error))?;
        match answer.failed().first() {
            None => Ok(()),
            Some(failed) => Err(PortError::Call { operation: "SendMessageBatch", code: failed.code().to_owned() }),
        }
    }
}

impl UnpublishedQueue for Sqs {
    async fn send_unpublished(&self, what: &Unpublished) -> Result<(), PortError> {
        let body = serde_json::to_string(what)
            .map_err(|_| PortError::Corrupt("what cannot be published cannot be written".to_owned()))?;
        let answer = self.client.send_message().queue_url(&self.url).message_body(body).send().await;
        answer.map(|_| ()).map_err(|error| call_error("SendMessage", &error))
    }
}

impl Deliveries for Sqs {
    async fn postpone(&self, receipt: &str, delay: Duration) -> Result<(), PortError> {
        let seconds = i32::try_from(delay.as_secs()).unwrap_or(i32::MAX);
        let call = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
        let answer = call.visibility_timeout(seconds).send().await;
        answer.map(|_| ()).map_err(|error| call_error("ChangeMessageVisibility", &error))
    }
}
