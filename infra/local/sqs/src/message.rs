//! Messages: as they are sent, as a queue keeps them, and as they are received.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::digest;
use crate::error::{Error, ErrorKind};
use crate::message_attributes::{AttributeValue, MessageAttributes, is_allowed};
use crate::settings::MAX_DELAY;
use crate::timestamp::epoch_millis;

/// The one system attribute that a sender may set; it carries an AWS X-Ray header.
pub(crate) const TRACE_HEADER: &str = "AWSTraceHeader";

/// A message to send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewMessage {
    /// The text; with the attributes at most the queue's `MaximumMessageSize` bytes, at least one.
    pub body: String,
    /// How long the message stays hidden, at most 15 minutes; `None` takes the queue's
    /// `DelaySeconds`.
    pub delay: Option<Duration>,
    /// The sender's attributes.
    pub attributes: MessageAttributes,
    /// The `AWSTraceHeader` system attribute.
    pub trace_header: Option<AttributeValue>,
    /// The message group for fair queues: messages of one that has most of what is in flight yield.
    pub group_id: Option<String>,
}

impl NewMessage {
    /// A message of this body alone.
    #[must_use]
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// Bytes that count against the limits of a message and of a batch.
    pub(crate) fn size(&self) -> usize {
        self.body.len() + self.attributes.size()
    }

    pub(crate) fn check(&self, maximum_size: usize) -> Result<(), Error> {
        if self.body.is_empty() {
            let message = "The request must contain the parameter MessageBody.";
            return Err(Error::new(ErrorKind::MissingParameter, message));
        }
        if self.size() > maximum_size {
            let message = format!(
                "One or more parameters are invalid. Reason: Message must be shorter than \
                 {maximum_size} bytes."
            );
            return Err(Error::new(ErrorKind::InvalidParameterValue, message));
        }
        if !self.body.chars().all(is_allowed) {
            let message = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD \
                           | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.";
            return Err(Error::new(ErrorKind::InvalidMessageContents, message));
        }
        match self.delay {
            Some(delay) if delay > MAX_DELAY => {
                Err(Error::parameter("DelaySeconds", delay.as_secs(), "DelaySeconds must be >= 0 and <= 900."))
            }
            _ => Ok(()),
        }
    }
}

/// What the sender of a message is told. Digests are lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The id that consumers will see.
    pub message_id: Uuid,
    /// MD5 of the body.
    pub md5_of_body: String,
    /// MD5 of the attributes, if there are any.
    pub md5_of_attributes: Option<String>,
    /// MD5 of the system attributes, if there are any.
    pub md5_of_system_attributes: Option<String>,
}

/// What never changes about a message; receives share it instead of copying the body.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) body: String,
    pub(crate) md5_of_body: String,
    pub(crate) attributes: MessageAttributes,
    pub(crate) trace_header: Option<AttributeValue>,
    pub(crate) group_id: Option<String>,
}

/// A message as a queue keeps it.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) content: Arc<Content>,
    /// Retention counts from here, also after a move to a dead-letter queue:
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html>
    pub(crate) enqueued: Instant,
    pub(crate) sent_millis: u64,
    pub(crate) first_received_millis: Option<u64>,
    /// Receives in all queues, which is what consumers are told.
    pub(crate) receives: u32,
    /// Receives in the queue it is in now, which is what the redrive policy counts.
    pub(crate) receives_here: u32,
    /// The ARN of the queue that gave the message up.
    pub(crate) dead_letter_source: Option<Arc<str>>,
}

impl Message {
    pub(crate) fn new(message: NewMessage) -> (Self, Sent) {
        let content = Content {
            md5_of_body: digest::of_body(&message.body),
            body: message.body,
            attributes: message.attributes,
            trace_header: message.trace_header,
            group_id: message.group_id,
        };
        let trace_header = content.trace_header.as_ref().map(|value| (TRACE_HEADER, value));
        let md5_of_system_attributes = digest::of_attributes(trace_header);
        let md5_of_attributes = digest::of_attributes(content.attributes.iter());
        let message = Self::of_content(Arc::new(content));
        let sent = Sent {
            message_id: message.id,
            md5_of_body: message.content.md5_of_body.clone(),
            md5_of_attributes,
            md5_of_system_attributes,
        };
        (message, sent)
    }

    /// The same content as a message that is sent now: what a move task puts into a queue, see
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html>
    pub(crate) fn renewed(self) -> Self {
        Self::of_content(self.content)
    }

    fn of_content(content: Arc<Content>) -> Self {
        Self {
            id: Uuid::new_v4(),
            content,
            enqueued: Instant::now(),
            sent_millis: epoch_millis(),
            first_received_millis: None,
            receives: 0,
            receives_here: 0,
            dead_letter_source: None,
        }
    }
}

/// A message as a consumer gets it.
#[derive(Debug, Clone)]
pub struct Received {
    /// The id its sender was told.
    pub message_id: Uuid,
    /// Names this receive when the message is deleted or its timeout changed.
    pub receipt_handle: String,
    /// How often the message was received, this time included, in all queues it was in.
    pub receive_count: u32,
    /// When it was sent, in milliseconds since the Unix epoch.
    pub sent_millis: u64,
    /// When it was first received, in milliseconds since the Unix epoch.
    pub first_received_millis: u64,
    /// The ARN of the queue that gave it up, in a dead-letter queue.
    pub dead_letter_source: Option<Arc<str>>,
    pub(crate) content: Arc<Content>,
}

impl Received {
    /// The text.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.content.body
    }

    /// The sender's attributes.
    #[must_use]
    pub fn attributes(&self) -> &MessageAttributes {
        &self.content.attributes
    }
}
