//! What is stored, as numbers: equal numbers mean equal contents.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use futures_util::FutureExt;
use serde::Serialize;
use shared::{
    domain::{activation::Activation, effect::EffectKind, ids::ActivationId, status::Status, work_order::WorkOrder},
    ports::{Activations, KeyBindings, Orders},
};
use uuid::Uuid;

use super::{State, World, events::StreamItem};
use crate::invariants;

/// Names what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    Order(Uuid),
    Number(u64),
    Line(ActivationId),
    Binding(String),
    /// The counter of numbers.
    Counter,
    /// How many messages wait.
    Depth,
    /// The index of open orders.
    Index,
    /// A line at the provisioner, and what the provisioner was told of it.
    ProvisionerState(u64),
    /// The endpoints, which nobody changes.
    WebhookEndpoints,
    /// What a step is about, where nothing is stored under it.
    About(String),
}

pub(crate) fn digest(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn of_json(value: &impl Serialize) -> u64 {
    digest(&serde_json::to_vec(value).unwrap())
}

impl State {
    fn found(&self, key: &Key) -> u64 {
        match key {
            Key::Counter => self.next_number,
            Key::Depth => self.queue.visible(self.now) as u64,
            // The index follows from the orders, the latest and those before.
            Key::Index => {
                digest(&self.digests.iter().filter(|(key, _)| matches!(key, Key::Order(_))).collect::<Vec<_>>())
            }
            _ => self.digests.get(key).copied().unwrap_or_default(),
        }
    }
}

impl World {
    /// What is under these keys.
    pub(super) fn look(&self, keys: &[Key]) -> u64 {
        let state = self.state();
        // With the keys: of two steps of one process that look alike, it must be told which one was taken.
        let found: Vec<(&Key, u64)> = keys.iter().map(|key| (key, state.found(key))).collect();
        digest(&found)
    }

    /// Takes note of what is under these keys now. A change that breaks a rule is kept for the end of the run.
    pub(crate) fn refresh(&self, keys: &[Key]) {
        for key in keys {
            let found = match key {
                Key::Order(uuid) => self.refresh_order(*uuid),
                Key::Number(number) => {
                    let order = self.memory.numbers().get(number).copied();
                    order.map(|uuid| digest(&uuid))
                }
                Key::Line(id) => {
                    let lines = self.memory.lines(&BTreeSet::from([*id])).now_or_never().unwrap().unwrap();
                    lines.into_values().next().map(|mut line| {
                        self.refresh_reservation(&line);
                        // Random, and nothing depends on it. It stands in the message too, whose other parts follow from
                        // the line and from what is reserved; that it stays the same the provisioner sees.
                        line.password = None;
                        if let Some(reserved) = &mut line.provisioner.reserved {
                            reserved.body.clear();
                        }
                        of_json(&line)
                    })
                }
                Key::Binding(name) => {
                    self.memory.find_binding(name).now_or_never().unwrap().unwrap().map(|binding| of_json(&binding))
                }
                Key::ProvisionerState(line) => Some(self.state().provisioner.digest(*line)),
                Key::Counter | Key::Depth | Key::Index | Key::WebhookEndpoints | Key::About(_) => None,
            };
            let mut state = self.state();
            match found {
                Some(found) => state.digests.insert(key.clone(), found),
                None => state.digests.remove(key),
            };
        }
    }

    /// A message has the line's version at which it is stored as its revision. An effect that is under way gives way to
    /// another order's only once its own order has ended; to a cancellation at once.
    fn refresh_reservation(&self, line: &Activation) {
        let now = line.provisioner.reserved.as_deref();
        let mut state = self.state();
        let before = match now {
            Some(now) => state.reserved.insert(line.id, now.order),
            None => state.reserved.remove(&line.id),
        };
        if let Some(now) =
            now.filter(|now| before != Some(now.order) && !now.id.ends_with(&format!("-r{}", line.version)))
        {
            state.broken.push(format!("{line:?}: {now:?} has another revision"));
        }
        let (Some(before), Some(now)) = (before, now) else { return };
        // An operator may have had it tried again since.
        let ended = |order: &WorkOrder| {
            order.history().iter().any(|change| matches!(change.to, Status::Failed | Status::Canceled))
        };
        let under_way =
            state.versions.get(&before).and_then(|versions| versions.last()).is_some_and(|order| !ended(order));
        if before != now.order && now.kind != EffectKind::Suspend && under_way {
            state.broken.push(format!("{line:?}: an effect under way was taken over"));
        }
    }

    fn refresh_order(&self, uuid: Uuid) -> Option<u64> {
        let order = self.memory.order(uuid).now_or_never().unwrap().unwrap()?;
        let mut state = self.state();
        let state = &mut *state;
        let versions = state.versions.entry(uuid).or_default();
        let last = versions.last().cloned();
        if last.as_ref().is_some_and(|last| last.version == order.version) {
            return state.digests.get(&Key::Order(uuid)).copied();
        }
        versions.push(order.clone());
        state.stream.push(StreamItem::Write(uuid, versions.len() - 1));
        let broken = [invariants::change(last.as_ref(), &order), invariants::told(last.as_ref(), &order)];
        state.broken.extend(broken.into_iter().filter_map(Result::err));
        let mut plain = order;
        // Random ids of its writes: who wrote what is known from what each writer has seen.
        plain.change_ids.clear();
        let before = state.digests.get(&Key::Order(uuid)).copied();
        // The version before it counts too: a stale index shows it.
        Some(digest(&(of_json(&plain), before)))
    }
}
