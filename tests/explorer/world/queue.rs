//! The queue, as SQS behaves: at least once, in any order, hidden for a while, and at rest after ten deliveries.

use std::{
    hash::{Hash, Hasher},
    time::Duration,
};

use shared::{
    domain::provisioning::MAX_DELIVERIES,
    ports::{Deliveries, OrderName, PortError, Queue},
    use_case::provision::Delivery,
};

use super::{Kind, Ports, Turn, digest::Key};

/// Seconds that a delivered message is hidden, as template.yaml has it.
const VISIBILITY: i64 = 180;

/// A message.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    id: u64,
    pub(crate) name: OrderName,
    /// How often it was delivered.
    pub(crate) count: u32,
    /// Milliseconds of Unix time.
    pub(crate) visible_at: i64,
}

impl Hash for Message {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Which of several equal messages it is does not matter.
        (self.name, self.count, self.visible_at).hash(state);
    }
}

impl Queue for Ports {
    async fn send(&self, name: OrderName) -> Result<(), PortError> {
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
            state.queue.iter().filter(|message| message.visible_at <= state.now).count() as u64
        })
        .await
    }
}

impl Deliveries for Ports {
    async fn postpone(&self, receipt: &str, delay: Duration) -> Result<(), PortError> {
        let id: u64 = receipt.parse().unwrap();
        self.step(Kind::Write, "postpone", &[], |_| {
            let mut state = self.world.state();
            let visible_at = state.now + i64::try_from(delay.as_millis()).unwrap();
            if let Some(message) = state.queue.iter_mut().find(|message| message.id == id) {
                message.visible_at = visible_at;
            }
        })
        .await
    }
}

impl Ports {
    /// Takes up to `batch` messages.
    pub(crate) async fn receive(&self, batch: usize) -> Vec<Delivery> {
        let turn = self.turn(Kind::Receive, "receive").await;
        let mut state = self.world.state();
        let now = state.now;
        let mut places: Vec<usize> =
            (0..state.queue.len()).filter(|place| state.queue[*place].visible_at <= now).collect();
        if turn == Turn::Other {
            places.reverse();
        }
        places.truncate(batch);
        let (mut taken, mut resting) = (Vec::new(), Vec::new());
        for place in places {
            let message = &mut state.queue[place];
            if message.count >= MAX_DELIVERIES {
                resting.push(message.id);
                continue;
            }
            message.count += 1;
            if turn != Turn::Duplicate {
                message.visible_at = now + VISIBILITY * 1_000;
            }
            taken.push(Delivery {
                message_id: message.id.to_string(),
                receipt: message.id.to_string(),
                name: Some(message.name),
                count: message.count,
            });
        }
        let (rest, queue) = std::mem::take(&mut state.queue).into_iter().partition(|m| resting.contains(&m.id));
        state.queue = queue;
        let rest: Vec<Message> = rest;
        state.dead_letters.extend(rest);
        let seen: Vec<_> = taken.iter().map(|delivery| (delivery.name, delivery.count)).collect();
        let actor = &mut state.actors[self.who];
        actor.seen = super::digest::digest(&(actor.seen, turn, seen));
        taken
    }

    /// Deletes these messages, in one call.
    pub(crate) async fn delete(&self, ids: &[String]) {
        // A fault here leaves messages that are delivered again.
        let _again = self
            .step(Kind::Delete, "delete messages", &[], |_| {
                self.world.state().queue.retain(|message| !ids.contains(&message.id.to_string()));
            })
            .await;
    }
}

impl super::World {
    /// Puts a message into the queue that was delivered `count` times.
    pub(crate) fn put(&self, name: OrderName, count: u32) {
        let mut state = self.state();
        let id = state.next_ticket;
        state.next_ticket += 1;
        let visible_at = state.now;
        state.queue.push(Message { id, name, count, visible_at });
    }

    /// Lets time pass to when the next message shows; whether there is one.
    pub(crate) fn pass_to_next_message(&self) -> bool {
        let mut state = self.state();
        let Some(next) = state.queue.iter().map(|message| message.visible_at).min() else { return false };
        state.now = state.now.max(next);
        true
    }

    /// How many messages could be received now.
    pub(crate) fn visible(&self) -> usize {
        let state = self.state();
        state.queue.iter().filter(|message| message.visible_at <= state.now).count()
    }
}
