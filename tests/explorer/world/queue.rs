//! Queues, as SQS behaves: at least once, in any order, hidden for a while, and at rest after so many deliveries.

use std::{
    hash::{Hash, Hasher},
    time::Duration,
};

use shared::{
    domain::provisioning::MAX_DELIVERIES,
    ports::{Deliveries, OrderRef, PortError, Queue, QueueMessage},
};

use super::{
    Kind, Ports, Turn,
    digest::{Key, digest},
};

/// Seconds that a delivered message is hidden, as template.yaml has it.
const VISIBILITY: i64 = 180;

/// A message.
#[derive(Debug, Clone)]
pub(crate) struct Message<T> {
    pub(crate) id: u64,
    pub(crate) about: T,
    /// How often it was delivered.
    pub(crate) count: u32,
    /// Milliseconds of Unix time.
    pub(crate) visible_at: i64,
}

impl<T: Hash> Hash for Message<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Which of several equal messages it is does not matter.
        (&self.about, self.count, self.visible_at).hash(state);
    }
}

/// A queue with its dead letters.
#[derive(Clone)]
pub(crate) struct Messages<T> {
    pub(crate) waiting: Vec<Message<T>>,
    pub(crate) dead: Vec<Message<T>>,
    /// Deliveries before a message rests.
    most: u32,
    next_id: u64,
}

impl<T: Clone + Hash> Messages<T> {
    pub(crate) fn new(most: u32) -> Self {
        Self { waiting: Vec::new(), dead: Vec::new(), most, next_id: 0 }
    }

    /// Puts a message in that was delivered `count` times.
    pub(crate) fn put(&mut self, about: T, count: u32, now: i64) {
        self.waiting.push(Message { id: self.next_id, about, count, visible_at: now });
        self.next_id += 1;
    }

    /// How many could be received now.
    pub(crate) fn visible(&self, now: i64) -> usize {
        self.waiting.iter().filter(|message| message.visible_at <= now).count()
    }

    /// When the next one shows.
    pub(crate) fn next(&self) -> Option<i64> {
        self.waiting.iter().map(|message| message.visible_at).min()
    }

    /// Takes up to `batch` of them.
    pub(crate) fn take(&mut self, batch: usize, now: i64, turn: Turn) -> Vec<Message<T>> {
        let mut places: Vec<usize> =
            (0..self.waiting.len()).filter(|place| self.waiting[*place].visible_at <= now).collect();
        if turn == Turn::Other {
            places.reverse();
        }
        places.truncate(batch);
        let (mut taken, mut resting) = (Vec::new(), Vec::new());
        for place in places {
            let message = &mut self.waiting[place];
            if message.count >= self.most {
                resting.push(message.id);
                continue;
            }
            message.count += 1;
            if turn != Turn::Duplicate {
                message.visible_at = now + VISIBILITY * 1_000;
            }
            taken.push(message.clone());
        }
        let (rest, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|m| resting.contains(&m.id));
        self.waiting = waiting;
        let rest: Vec<Message<T>> = rest;
        self.dead.extend(rest);
        taken
    }

    pub(crate) fn delete(&mut self, ids: &[String]) {
        self.waiting.retain(|message| !ids.contains(&message.id.to_string()));
    }

    pub(crate) fn postpone(&mut self, receipt: &str, visible_at: i64) {
        if let Some(message) = self.waiting.iter_mut().find(|message| message.id.to_string() == receipt) {
            message.visible_at = visible_at;
        }
    }

    /// What a message is about.
    pub(super) fn about(&self, receipt: &str) -> Option<&T> {
        self.waiting.iter().find(|message| message.id.to_string() == receipt).map(|message| &message.about)
    }

    /// All of it, as a number: in which order messages wait does not matter.
    pub(crate) fn digest(&self) -> u64 {
        let sorted = |messages: &[Message<T>]| {
            let mut digests: Vec<u64> = messages.iter().map(digest).collect();
            digests.sort_unstable();
            digests
        };
        digest(&(sorted(&self.waiting), sorted(&self.dead)))
    }
}

impl Queue for Ports {
    async fn send(&self, name: OrderRef) -> Result<(), PortError> {
        self.step(Kind::Send, "send message", &[], |turn| {
            if turn != Turn::Lose {
                self.world.put(name, 0);
            }
        })
        .await
    }

    async fn waiting(&self) -> Result<u64, PortError> {
        self.step(Kind::Read, "queue depth", &[Key::Depth], |_| {
            let state = self.world.state();
            state.queue.visible(state.now) as u64
        })
        .await
    }
}

/// When something that is put off by `delay` is due.
pub(super) fn due(now: i64, delay: Duration) -> i64 {
    now + i64::try_from(delay.as_millis()).unwrap()
}

impl Deliveries for Ports {
    async fn postpone(&self, receipt: &str, delay: Duration) -> Result<(), PortError> {
        let about = self.world.state().queue.about(receipt).map(|name| Key::About(name.order.to_string()));
        self.step(Kind::Write, "postpone", about.as_slice(), |_| {
            let mut state = self.world.state();
            let until = due(state.now, delay);
            state.queue.postpone(receipt, until);
        })
        .await
    }
}

impl Ports {
    /// Takes up to `batch` messages.
    pub(crate) async fn receive(&self, batch: usize) -> Vec<QueueMessage<OrderRef>> {
        let turn = self.turn(Kind::Receive, "receive").await;
        let mut state = self.world.state();
        let now = state.now;
        let taken = state.queue.take(batch, now, turn);
        let seen: Vec<_> = taken.iter().map(|message| (message.about, message.count)).collect();
        let actor = &mut state.actors[self.who];
        actor.seen = digest(&(actor.seen, turn, seen));
        let delivery = |message: super::queue::Message<OrderRef>| QueueMessage {
            message_id: message.id.to_string(),
            receipt: message.id.to_string(),
            body: Some(message.about),
            count: message.count,
        };
        taken.into_iter().map(delivery).collect()
    }

    /// Deletes these messages, in one call.
    pub(crate) async fn delete(&self, ids: &[String]) {
        // A fault here leaves messages that are delivered again.
        let _again = self.step(Kind::Delete, "delete messages", &[], |_| self.world.state().queue.delete(ids)).await;
    }
}

/// A queue of messages about orders, ten deliveries each.
pub(super) fn of_orders() -> Messages<OrderRef> {
    Messages::new(MAX_DELIVERIES)
}

impl super::World {
    /// Puts a message into the queue that was delivered `count` times.
    pub(crate) fn put(&self, name: OrderRef, count: u32) {
        let mut state = self.state();
        let now = state.now;
        state.queue.put(name, count, now);
    }

    /// How much there is now of what a step of this kind waits for; none for one that waits for nothing.
    pub(crate) fn there_is(&self, kind: Kind) -> Option<usize> {
        let state = self.state();
        match kind {
            Kind::Receive => Some(state.queue.visible(state.now)),
            Kind::ReceiveEvents => Some(state.events.visible(state.now)),
            Kind::ReadStream => Some(state.stream.len() - state.published),
            _ => None,
        }
    }

    /// Lets time pass to when the next message shows that somebody waits for, if there is one.
    pub(crate) fn pass_to_next_message(&self) {
        let mut state = self.state();
        let wanted = |kind| state.waiting.iter().any(|waiting| waiting.kind == kind);
        let orders = state.queue.next().filter(|_| wanted(Kind::Receive));
        let events = state.events.next().filter(|_| wanted(Kind::ReceiveEvents));
        if let Some(next) = orders.into_iter().chain(events).min() {
            state.now = state.now.max(next);
        }
    }
}
