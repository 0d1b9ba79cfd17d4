//! One queue, shared by its producers and consumers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use crate::backlog::Backlog;
use crate::error::{Error, ErrorKind};
use crate::message::{Message, NewMessage, Sent};
use crate::move_task::MoveHistory;
use crate::queues::{ACCOUNT_ID, Queues};
use crate::receipt::Receipt;
use crate::receive::check_visibility;
use crate::settings::Settings;
use crate::timestamp::epoch_seconds;

/// What there is of a queue, once, whoever holds it.
pub(crate) struct Shared {
    name: String,
    pub(crate) arn: Arc<str>,
    /// Tells this queue's receipt handles from those of an earlier queue of its name.
    pub(crate) incarnation: Uuid,
    created: u64,
    state: Mutex<State>,
    /// Wakes consumers that wait; see [`Queue::update`].
    pub(crate) changed: Notify,
}

pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) backlog: Backlog,
    pub(crate) moves: MoveHistory,
    modified: u64,
    deleted: bool,
}

impl Shared {
    pub(crate) fn new(name: &str, arn: String, settings: Settings) -> Self {
        let now = epoch_seconds();
        let state = State {
            settings,
            backlog: Backlog::default(),
            moves: MoveHistory::default(),
            modified: now,
            deleted: false,
        };
        Self {
            name: name.to_owned(),
            arn: arn.into(),
            incarnation: Uuid::new_v4(),
            created: now,
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }
}

/// A queue of a [`Queues`] account. Clones are the same queue.
///
/// Once the queue is deleted every call returns `QueueDoesNotExist`.
#[derive(Clone)]
pub struct Queue {
    pub(crate) shared: Arc<Shared>,
    pub(crate) account: Queues,
}

impl fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Queue").field("arn", &self.shared.arn).finish_non_exhaustive()
    }
}

impl Queue {
    pub(crate) fn new(shared: Arc<Shared>, account: Queues) -> Self {
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
        self.update(|state, _| {
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
        self.update(|state, _| {
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
        message.check(self.settings(|settings| settings.maximum_message_size)?)?;
        let delay = message.delay;
        let (message, sent) = Message::new(message);
        self.update(|state, now| {
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
        self.update(|state, _| {
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
        self.update(|state, now| {
            let receipt = Receipt::decode(receipt_handle, self.shared.incarnation)?;
            state.backlog.change_visibility(receipt.slot, receipt.receive, now, visibility)
        })
    }

    /// Deletes every message, those in flight and delayed too.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub fn purge(&self) -> Result<(), Error> {
        self.update(|state, _| {
            state.backlog.clear();
            Ok(())
        })
    }

    pub(crate) fn mark_deleted(&self) {
        self.shared.state.lock().deleted = true;
        self.shared.changed.notify_waiters();
    }

    /// Puts in a message that comes from another queue, ready to be received.
    pub(crate) fn accept(&self, message: Message) {
        // A queue that is deleted at this very moment takes the message with it, as if it had
        // arrived just before.
        let _: Result<(), Error> = self.update(|state, _| {
            state.backlog.add(message, None);
            Ok(())
        });
    }

    /// Reads the settings, and wakes nobody.
    pub(crate) fn settings<T>(&self, read: impl FnOnce(&Settings) -> T) -> Result<T, Error> {
        let state = self.shared.state.lock();
        if state.deleted { Err(no_such_queue()) } else { Ok(read(&state.settings)) }
    }

    /// Runs `change` on the state as it is now, then wakes whom it concerns: one consumer if
    /// messages are ready (it wakes the next if it leaves some), and all of them if the next hidden
    /// message is due earlier than they believe.
    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut State, Instant) -> Result<T, Error>) -> Result<T, Error> {
        let mut state = self.shared.state.lock();
        if state.deleted {
            return Err(no_such_queue());
        }
        let due_before = state.backlog.next_due();
        let now = Instant::now();
        let retention = state.settings.retention;
        state.backlog.advance(now, retention);
        let outcome = change(&mut state, now);
        let is_ready = state.backlog.ready_count() > 0;
        let due_after = state.backlog.next_due();
        drop(state);
        if due_after.is_some_and(|after| due_before.is_none_or(|before| after < before)) {
            self.shared.changed.notify_waiters();
        }
        if is_ready {
            self.shared.changed.notify_one();
        }
        outcome
    }
}

/// The refusal for a queue that is not there (any more).
pub(crate) fn no_such_queue() -> Error {
    Error::new(ErrorKind::QueueDoesNotExist, "The specified queue does not exist.")
}
