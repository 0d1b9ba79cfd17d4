//! Operations on one message. Batches take the same entries and have the same outcome for each.

use serde::{Deserialize, Serialize};

use super::attribute_json::{self, AttributesJson};
use super::parameters::{missing, queue, required, seconds};
use super::request::{Empty, Reply, Request, read, reply};
use crate::error::Error;
use crate::message::{NewMessage, Sent};
use crate::queue::Queue;

/// The parameters of a message to send, `QueueUrl` aside.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendEntry {
    delay_seconds: Option<i64>,
    message_attributes: Option<AttributesJson>,
    message_body: Option<String>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
    message_system_attributes: Option<AttributesJson>,
}

/// The parameters that name a received message, `QueueUrl` aside.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiptEntry {
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SentJson {
    message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    md5_of_body: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_attributes: Option<String>,
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_system_attributes: Option<String>,
}

impl From<Sent> for SentJson {
    fn from(sent: Sent) -> Self {
        Self {
            message_id: sent.message_id.to_string(),
            md5_of_body: sent.md5_of_body,
            md5_of_attributes: sent.md5_of_attributes,
            md5_of_system_attributes: sent.md5_of_system_attributes,
        }
    }
}

impl SendEntry {
    pub(super) fn into_message(self) -> Result<NewMessage, Error> {
        if let Some(id) = self.message_deduplication_id {
            let reason = "The request includes a parameter that is not valid for this queue type.";
            return Err(Error::parameter("MessageDeduplicationId", id, reason));
        }
        Ok(NewMessage {
            body: self.message_body.ok_or_else(|| missing("MessageBody"))?,
            delay: seconds(self.delay_seconds, "DelaySeconds")?,
            attributes: attribute_json::read(self.message_attributes)?,
            trace_header: attribute_json::read_trace_header(self.message_system_attributes)?,
            group_id: self.message_group_id,
        })
    }
}

impl ReceiptEntry {
    pub(super) fn delete(&self, queue: &Queue) -> Result<(), Error> {
        queue.delete(required(self.receipt_handle.as_ref(), "ReceiptHandle")?)
    }

    pub(super) fn change_visibility(&self, queue: &Queue) -> Result<(), Error> {
        let handle = required(self.receipt_handle.as_ref(), "ReceiptHandle")?;
        let visibility = seconds(self.visibility_timeout, "VisibilityTimeout")?;
        queue.change_visibility(handle, visibility.ok_or_else(|| missing("VisibilityTimeout"))?)
    }
}

/// An entry with the queue it is for.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Single<T> {
    queue_url: Option<String>,
    #[serde(flatten)]
    entry: T,
}

pub(super) fn send(request: &Request<'_>) -> Reply {
    let input: Single<SendEntry> = read(request)?;
    let queue = queue(request.queues, input.queue_url.as_ref())?;
    let sent = queue.send(input.entry.into_message()?)?;
    reply(&SentJson::from(sent))
}

pub(super) fn delete(request: &Request<'_>) -> Reply {
    let input: Single<ReceiptEntry> = read(request)?;
    input.entry.delete(&queue(request.queues, input.queue_url.as_ref())?)?;
    reply(&Empty {})
}

pub(super) fn change_visibility(request: &Request<'_>) -> Reply {
    let input: Single<ReceiptEntry> = read(request)?;
    input.entry.change_visibility(&queue(request.queues, input.queue_url.as_ref())?)?;
    reply(&Empty {})
}
