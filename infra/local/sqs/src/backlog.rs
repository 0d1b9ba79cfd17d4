//! The messages of one queue and when each may be received.
//!
//! A message waits in exactly one place: `ready`, `delayed` or `in_flight`. The last two are sorted
//! by the time at which their messages become ready, so no call walks over messages that it does
//! not touch. Nothing here waits or reads a clock; the caller says what time it is.
//!
//! The queue is a fair one: messages of a group that has most of what is in flight yield to others.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html>

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, ErrorKind};
use crate::message::{Content, Message};
use crate::settings::MAX_VISIBILITY;
use crate::timestamp::epoch_millis;

/// The most messages a standard queue has in flight:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const MAX_IN_FLIGHT: usize = 120_000;

/// In flight from one group, below which it is never taken for a noisy one. SQS does not say where it
/// draws the line.
const QUIET: usize = 5;

/// A message's place in its queue, never used twice.
pub(crate) type Slot = u64;

#[derive(Debug, Clone, Copy)]
enum Place {
    Ready,
    Delayed { until: Instant },
    InFlight { since: Instant, until: Instant },
}

#[derive(Debug)]
struct Entry {
    message: Message,
    place: Place,
}

/// One receive of one message.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) slot: Slot,
    pub(crate) id: uuid::Uuid,
    pub(crate) content: Arc<Content>,
    pub(crate) receives: u32,
    pub(crate) sent_millis: u64,
    pub(crate) first_received_millis: u64,
    pub(crate) dead_letter_source: Option<Arc<str>>,
}

/// What a receive took out of `ready`.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) deliveries: Vec<Delivery>,
    /// Messages that were received too often; they have left the queue.
    pub(crate) dead: Vec<Message>,
}

#[derive(Debug, Default)]
pub(crate) struct Backlog {
    entries: HashMap<Slot, Entry>,
    /// Slots in the order they became ready. A slot whose message was deleted meanwhile stays until
    /// its turn comes; it has no entry then.
    ready: VecDeque<Slot>,
    /// Those of them whose turn came while their group was noisy: received when no other is ready.
    yielding: VecDeque<Slot>,
    delayed: BTreeSet<(Instant, Slot)>,
    in_flight: BTreeSet<(Instant, Slot)>,
    /// How many of those in flight are of each group.
    groups: HashMap<String, usize>,
    by_age: BTreeSet<(Instant, Slot)>,
    next_slot: Slot,
}

impl Backlog {
    /// Adds a message that is hidden until `until`, or ready at once.
    pub(crate) fn add(&mut self, message: Message, until: Option<Instant>) {
        let slot = self.next_slot;
        self.next_slot += 1;
        self.by_age.insert((message.enqueued, slot));
        let place = if let Some(until) = until {
            self.delayed.insert((until, slot));
            Place::Delayed { until }
        } else {
            self.ready.push_back(slot);
            Place::Ready
        };
        self.entries.insert(slot, Entry { message, place });
    }

    /// Brings the queue to `now`: drops what was kept for `retention`, and makes ready what is due.
    pub(crate) fn advance(&mut self, now: Instant, retention: Duration) {
        while let Some(&(enqueued, slot)) = self.by_age.first()
            && enqueued + retention <= now
        {
            self.remove(slot);
        }
        for waiting in [&mut self.delayed, &mut self.in_flight] {
            while let Some(&(until, slot)) = waiting.first()
                && until <= now
            {
                waiting.pop_first();
                if let Some(entry) = self.entries.get_mut(&slot) {
                    if matches!(entry.place, Place::InFlight { .. }) {
                        leave(&mut self.groups, &entry.message);
                    }
                    entry.place = Place::Ready;
                    self.ready.push_back(slot);
                }
            }
        }
    }

    /// Receives up to `most` ready messages and hides them for `visibility`. A message that was
    /// received `max_receives` times in this queue dies instead.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        most: usize,
        visibility: Duration,
        max_receives: Option<u32>,
    ) -> Result<Taken, Error> {
        if self.in_flight.len() >= MAX_IN_FLIGHT {
            let message = format!("The queue has {MAX_IN_FLIGHT} messages in flight.");
            return Err(Error::new(ErrorKind::OverLimit, message));
        }
        let mut taken = Taken::default();
        while taken.deliveries.len() < most
            && let Some(slot) = self.next_ready()
        {
            let Some(entry) = self.entries.get_mut(&slot) else {
                continue;
            };
            if max_receives.is_some_and(|max| entry.message.receives_here >= max) {
                taken.dead.extend(self.remove(slot));
                continue;
            }
            let until = now + visibility;
            entry.place = Place::InFlight { since: now, until };
            self.in_flight.insert((until, slot));
            if let Some(group) = &entry.message.content.group_id {
                *self.groups.entry(group.clone()).or_default() += 1;
            }
            taken.deliveries.push(deliver(slot, &mut entry.message));
        }
        Ok(taken)
    }

    /// The slot whose turn it is.
    fn next_ready(&mut self) -> Option<Slot> {
        while let Some(slot) = self.ready.pop_front() {
            if self.entries.get(&slot).is_some_and(|entry| self.is_noisy(&entry.message)) {
                self.yielding.push_back(slot);
            } else {
                return Some(slot);
            }
        }
        self.yielding.pop_front()
    }

    /// Is most of what is in flight of this message's group?
    fn is_noisy(&self, message: &Message) -> bool {
        let group = message.content.group_id.as_ref();
        let own = group.and_then(|group| self.groups.get(group)).copied().unwrap_or_default();
        own >= QUIET && own * 2 > self.in_flight.len()
    }

    /// Takes every ready message out of the queue.
    pub(crate) fn drain_ready(&mut self) -> Vec<Message> {
        let mut slots = std::mem::take(&mut self.ready);
        slots.append(&mut self.yielding);
        slots.into_iter().filter_map(|slot| self.remove(slot)).collect()
    }

    /// Deletes a message if `receive` was its latest receive; otherwise does nothing, as SQS does
    /// for an older handle.
    pub(crate) fn delete(&mut self, slot: Slot, receive: u32) {
        if self.entries.get(&slot).is_some_and(|entry| entry.message.receives == receive) {
            self.remove(slot);
        }
    }

    /// Hides a message in flight until `visibility` from now.
    pub(crate) fn change_visibility(
        &mut self,
        slot: Slot,
        receive: u32,
        now: Instant,
        visibility: Duration,
    ) -> Result<(), Error> {
        let entry = self.entries.get_mut(&slot).ok_or_else(message_is_gone)?;
        let Place::InFlight { since, until } = entry.place else {
            return Err(not_in_flight());
        };
        if entry.message.receives != receive {
            return Err(not_in_flight());
        }
        let new_until = now + visibility;
        // The 12 hours count from the receive, however often the timeout is changed.
        if new_until > since + MAX_VISIBILITY {
            let reason = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].";
            return Err(Error::parameter("VisibilityTimeout", visibility.as_secs(), reason));
        }
        entry.place = Place::InFlight { since, until: new_until };
        self.in_flight.remove(&(until, slot));
        self.in_flight.insert((new_until, slot));
        Ok(())
    }

    /// Deletes every message, whatever it waits for.
    pub(crate) fn clear(&mut self) {
        // Slots go on from where they are, or an old handle could name a new message.
        *self = Self { next_slot: self.next_slot, ..Self::default() };
    }

    /// When the next hidden message becomes ready.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let times = [self.delayed.first(), self.in_flight.first()];
        times.into_iter().flatten().map(|(until, _)| *until).min()
    }

    pub(crate) fn ready_count(&self) -> usize {
        self.entries.len() - self.delayed.len() - self.in_flight.len()
    }

    pub(crate) fn delayed_count(&self) -> usize {
        self.delayed.len()
    }

    pub(crate) fn in_flight_count(&self) -> usize {
        self.in_flight.len()
    }

    fn remove(&mut self, slot: Slot) -> Option<Message> {
        let entry = self.entries.remove(&slot)?;
        self.by_age.remove(&(entry.message.enqueued, slot));
        match entry.place {
            Place::Ready => false,
            Place::Delayed { until } => self.delayed.remove(&(until, slot)),
            Place::InFlight { until, .. } => {
                leave(&mut self.groups, &entry.message);
                self.in_flight.remove(&(until, slot))
            }
        };
        Some(entry.message)
    }
}

/// A message of a group is no longer in flight.
fn leave(groups: &mut HashMap<String, usize>, message: &Message) {
    let Some(group) = &message.content.group_id else { return };
    if let Some(count) = groups.get_mut(group) {
        *count -= 1;
        if *count == 0 {
            groups.remove(group);
        }
    }
}

fn deliver(slot: Slot, message: &mut Message) -> Delivery {
    message.receives = message.receives.saturating_add(1);
    message.receives_here = message.receives_here.saturating_add(1);
    let first = *message.first_received_millis.get_or_insert_with(epoch_millis);
    Delivery {
        slot,
        id: message.id,
        content: Arc::clone(&message.content),
        receives: message.receives,
        sent_millis: message.sent_millis,
        first_received_millis: first,
        dead_letter_source: message.dead_letter_source.clone(),
    }
}

fn message_is_gone() -> Error {
    let message = "Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or \
                   is not available for visibility timeout change.";
    Error::new(ErrorKind::InvalidParameterValue, message)
}

fn not_in_flight() -> Error {
    let message = "The message referred to by this receipt handle is not in flight.";
    Error::new(ErrorKind::MessageNotInflight, message)
}
