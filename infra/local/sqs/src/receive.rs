//! Receiving: what a consumer asks for, the wait, and the way of dead messages.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::backlog::Delivery;
use crate::error::Error;
use crate::message::Received;
use crate::queue::Queue;
use crate::receipt::Receipt;
use crate::settings::{MAX_WAIT, check_visibility};

/// How to receive. The default is one message, with the queue's own visibility timeout and wait.
///
/// Ranges:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiveOptions {
    /// The most messages to return, 1 to 10.
    pub max_messages: usize,
    /// How long they are hidden from other consumers, at most 12 hours.
    pub visibility: Option<Duration>,
    /// How long to wait for a first message, at most 20 seconds.
    pub wait: Option<Duration>,
}

impl Default for ReceiveOptions {
    fn default() -> Self {
        Self { max_messages: 1, visibility: None, wait: None }
    }
}

impl ReceiveOptions {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if !(1..=10).contains(&self.max_messages) {
            let reason = "Must be between 1 and 10, if provided.";
            return Err(Error::parameter("MaxNumberOfMessages", self.max_messages, reason));
        }
        if let Some(visibility) = self.visibility {
            check_visibility(visibility)?;
        }
        match self.wait {
            Some(wait) if wait > MAX_WAIT => {
                let reason = "Must be >= 0 and <= 20, if provided.";
                Err(Error::parameter("WaitTimeSeconds", wait.as_secs(), reason))
            }
            _ => Ok(()),
        }
    }
}

impl Queue {
    /// Receives messages, waiting for a first one as `options` or the queue says. No message is lost
    /// when the future is dropped.
    ///
    /// # Errors
    /// `InvalidParameterValue` for options out of range, `OverLimit`, `QueueDoesNotExist` (also when
    /// the queue is deleted during the wait).
    pub async fn receive(&self, options: ReceiveOptions) -> Result<Vec<Received>, Error> {
        options.check()?;
        let wait = match options.wait {
            Some(wait) => wait,
            None => self.shared.settings(|settings| settings.receive_wait)?,
        };
        let deadline = Instant::now() + wait;
        loop {
            // Made before looking, so that a change after looking is not missed.
            let changed = self.shared.changed.notified();
            let (received, next_due) = self.receive_ready(options)?;
            if !received.is_empty() || Instant::now() >= deadline {
                return Ok(received);
            }
            let wake = next_due.map_or(deadline, |due| due.min(deadline));
            tokio::select! {
                () = changed => {}
                () = sleep_until(wake) => {}
            }
        }
    }

    /// Receives what is ready, and tells when the next hidden message is due. Messages that were
    /// received too often go to the dead-letter queue on the way.
    fn receive_ready(&self, options: ReceiveOptions) -> Result<(Vec<Received>, Option<Instant>), Error> {
        let redrive = self.shared.settings(|settings| settings.redrive.clone())?;
        // While the dead-letter queue does not exist, its messages stay here and are received.
        let dead_letters = redrive.and_then(|policy| {
            let queue = self.account.find_arn(&policy.target_arn)?;
            Some((queue, policy.max_receive_count))
        });
        let max_receives = dead_letters.as_ref().map(|(_, max)| *max);
        let (taken, next_due) = self.shared.update(|state, now| {
            let visibility = options.visibility.unwrap_or(state.settings.visibility_timeout);
            let backlog = &mut state.backlog;
            let taken = backlog.take(now, options.max_messages, visibility, max_receives)?;
            Ok((taken, backlog.next_due()))
        })?;
        // No two queues are ever locked together, so queues may name each other freely.
        for mut message in taken.dead {
            message.receives_here = 0;
            message.dead_letter_source = Some(Arc::clone(&self.shared.arn));
            if let Some((queue, _)) = &dead_letters {
                queue.accept(message);
            }
        }
        let received = taken.deliveries.into_iter().map(|delivery| self.received(delivery));
        Ok((received.collect(), next_due))
    }

    fn received(&self, delivery: Delivery) -> Received {
        let receipt = Receipt { queue: self.shared.incarnation, slot: delivery.slot, receive: delivery.receives };
        Received {
            message_id: delivery.id,
            receipt_handle: receipt.encode(),
            receive_count: delivery.receives,
            sent_millis: delivery.sent_millis,
            first_received_millis: delivery.first_received_millis,
            dead_letter_source: delivery.dead_letter_source,
            content: delivery.content,
        }
    }
}
