//! What there is of a queue, and its changes under its lock.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use crate::backlog::Backlog;
use crate::error::{Error, ErrorKind};
use crate::message::Message;
use crate::move_history::MoveHistory;
use crate::settings::Settings;
use crate::timestamp::epoch_seconds;

/// What there is of a queue, once, whoever holds it.
pub(crate) struct QueueState {
    pub(crate) name: String,
    pub(crate) arn: Arc<str>,
    /// Tells this queue's receipt handles from those of an earlier queue of its name.
    pub(crate) incarnation: Uuid,
    pub(crate) created: u64,
    state: Mutex<Contents>,
    /// Wakes consumers that wait; see [`QueueState::update`].
    pub(crate) changed: Notify,
}

pub(crate) struct Contents {
    pub(crate) settings: Settings,
    pub(crate) backlog: Backlog,
    pub(crate) moves: MoveHistory,
    pub(crate) modified: u64,
    deleted: bool,
}

impl QueueState {
    pub(crate) fn new(name: &str, arn: String, settings: Settings) -> Self {
        let now = epoch_seconds();
        let state = Contents {
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

    pub(crate) fn mark_deleted(&self) {
        self.state.lock().deleted = true;
        self.changed.notify_waiters();
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
        let state = self.state.lock();
        if state.deleted { Err(no_such_queue()) } else { Ok(read(&state.settings)) }
    }

    /// Runs `change` on the state as it is now, then wakes whom it concerns: one consumer if
    /// messages are ready (it wakes the next if it leaves some), and all of them if the next hidden
    /// message is due earlier than they believe.
    pub(crate) fn update<T>(
        &self,
        change: impl FnOnce(&mut Contents, Instant) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut state = self.state.lock();
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
            self.changed.notify_waiters();
        }
        if is_ready {
            self.changed.notify_one();
        }
        outcome
    }
}

/// The refusal for a queue that is not there (any more).
pub(crate) fn no_such_queue() -> Error {
    Error::new(ErrorKind::QueueDoesNotExist, "The specified queue does not exist.")
}
