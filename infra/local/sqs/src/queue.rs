//! One queue, shared by its producers and consumers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::account::{ACCOUNT_ID, Account};
use crate::error::Error;
use crate::message::{Message, NewMessage, Sent};
use crate::queue_state::QueueState;
use crate::receipt::Receipt;
use crate::settings::{Settings, check_visibility};
use crate::timestamp::epoch_seconds;

/// A queue of a [`Queues`](crate::Queues) account. Clones are the same queue.
///
/// Once the queue is deleted every call returns `QueueDoesNotExist`.
#[derive(Clone)]
pub struct Queue {
    pub(crate) shared: Arc<QueueState>,
    pub(crate) account: Arc<Account>,
}

impl fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Queue").field("arn", &self.shared.arn).finish_non_exhaustive()
    }
}

impl Queue {
    pub(crate) fn new(shared: Arc<QueueState>, account: Arc<Account>) -> Self {
        Self { shared, account }
    }

    /// The name it was created with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// `arn:aws:sqs:<region>:000000000000:<name>`.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.shared.arn
    }

    /// The queue's URL for a client that reaches the server at `host` (`127.0.0.1:9324`).
    #[must_use]
    pub fn url(&self, host: &str) -> String {
        format!("http://{host}/{ACCOUNT_ID}/{}", self.shared.name)
    }

    /// Every attribute that the queue has, as SQS writes them; the counts are exact.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub fn attributes(&self) -> Result<BTreeMap<&'static str, String>, Error> {
        self.shared.update(|state, _| {
            let mut attributes = state.settings.render();
            let backlog = &state.backlog;
            attributes.extend([
                ("ApproximateNumberOfMessages", backlog.ready_count().to_string()),
                ("ApproximateNumberOfMessagesDelayed", backlog.delayed_count().to_string()),
                ("ApproximateNumberOfMessagesNotVisible", backlog.in_flight_count().to_string()),
                ("CreatedTimestamp", self.shared.created.to_string()),
                ("LastModifiedTimestamp", state.modified.to_string()),
                ("QueueArn", self.arn().to_owned()),
            ]);
            Ok(attributes)
        })
    }

    /// Changes the attributes named here, all or none, and keeps the others.
    ///
    /// # Errors
    /// `InvalidAttributeName`, `InvalidAttributeValue`, `InvalidParameterValue` for a redrive policy
    /// that cannot hold, `UnsupportedOperation` for FIFO attributes, `QueueDoesNotExist`.
    pub fn set_attributes(&self, attributes: &[(&str, &str)]) -> Result<(), Error> {
        let redrive = Settings::default().with(attributes)?.redrive;
        self.account.check_redrive(self.arn(), redrive.as_ref())?;
        self.shared.update(|state, _| {
            state.settings = state.settings.with(attributes)?;
            state.modified = epoch_seconds();
            Ok(())
        })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// `MissingParameter` for an empty body, `InvalidMessageContents`, `InvalidParameterValue` for a
    /// size or delay beyond its limit, `QueueDoesNotExist`.
    pub fn send(&self, message: NewMessage) -> Result<Sent, Error> {
        message.check(self.shared.settings(|settings| settings.maximum_message_size)?)?;
        let delay = message.delay;
        let (message, sent) = Message::new(message);
        self.shared.update(|state, now| {
            let delay = delay.unwrap_or(state.settings.delay);
            state.backlog.add(message, (!delay.is_zero()).then(|| now + delay));
            Ok(sent)
        })
    }

    /// Deletes a message for good. With the handle of an older receive the call succeeds and the
    /// message stays; a message that is gone already is no error.
    ///
    /// # Errors
    /// `ReceiptHandleIsInvalid`, `QueueDoesNotExist`.
    pub fn delete(&self, receipt_handle: &str) -> Result<(), Error> {
        self.shared.update(|state, _| {
            let receipt = Receipt::decode(receipt_handle, self.shared.incarnation)?;
            state.backlog.delete(receipt.slot, receipt.receive);
            Ok(())
        })
    }

    /// Hides a received message for `visibility` from now; zero makes it visible at once.
    ///
    /// # Errors
    /// `ReceiptHandleIsInvalid`, `MessageNotInflight` when its timeout has passed or it was received
    /// again, `InvalidParameterValue` when it was deleted or would be hidden for over 12 hours in
    /// all, `QueueDoesNotExist`.
    pub fn change_visibility(&self, receipt_handle: &str, visibility: Duration) -> Result<(), Error> {
        check_visibility(visibility)?;
        self.shared.update(|state, now| {
            let receipt = Receipt::decode(receipt_handle, self.shared.incarnation)?;
            state.backlog.change_visibility(receipt.slot, receipt.receive, now, visibility)
        })
    }

    /// Deletes every message, those in flight and delayed too.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub fn purge(&self) -> Result<(), Error> {
        self.shared.update(|state, _| {
            state.backlog.clear();
            Ok(())
        })
    }
}
