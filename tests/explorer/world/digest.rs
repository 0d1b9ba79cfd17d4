//! What is stored, as numbers: equal numbers mean equal contents.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use futures_util::FutureExt;
use serde::Serialize;
use shared::{
    domain::ids::ActivationId,
    ports::{Claims, Lines, Orders},
};
use uuid::Uuid;

use super::World;
use crate::invariants;

/// Names what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    Order(Uuid),
    Number(u64),
    Line(ActivationId),
    Claim(String),
    /// The counter of numbers.
    Counter,
    /// How many messages wait.
    Depth,
    /// The index of open orders.
    Index,
}

pub(crate) fn digest(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn of_json(value: &impl Serialize) -> u64 {
    digest(&serde_json::to_vec(value).unwrap())
}

impl World {
    /// What is under these keys.
    pub(super) fn look(&self, keys: &[Key]) -> u64 {
        let state = self.state();
        let found: Vec<u64> = keys
            .iter()
            .map(|key| match key {
                Key::Counter => state.next_number,
                Key::Depth => state.queue.iter().filter(|message| message.visible_at <= state.now).count() as u64,
                // The index follows from the orders, the latest and those before.
                Key::Index => {
                    digest(&state.digests.iter().filter(|(key, _)| matches!(key, Key::Order(_))).collect::<Vec<_>>())
                }
                _ => state.digests.get(key).copied().unwrap_or_default(),
            })
            .collect();
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
                        // Random, and nothing depends on it.
                        line.password = None;
                        of_json(&line)
                    })
                }
                Key::Claim(name) => {
                    self.memory.find_claim(name).now_or_never().unwrap().unwrap().map(|claim| of_json(&claim))
                }
                Key::Counter | Key::Depth | Key::Index => None,
            };
            let mut state = self.state();
            match found {
                Some(found) => state.digests.insert(key.clone(), found),
                None => state.digests.remove(key),
            };
        }
    }

    fn refresh_order(&self, uuid: Uuid) -> Option<u64> {
        let order = self.memory.order(uuid).now_or_never().unwrap().unwrap()?;
        let mut state = self.state();
        let versions = state.versions.entry(uuid).or_default();
        let last = versions.last().cloned();
        if last.as_ref().is_some_and(|last| last.version == order.version) {
            return state.digests.get(&Key::Order(uuid)).copied();
        }
        versions.push(order.clone());
        if let Err(what) = invariants::change(last.as_ref(), &order) {
            state.broken.push(what);
        }
        let mut plain = order;
        // Random ids of its writes: who wrote what is known from what each writer has seen.
        plain.change_ids.clear();
        let before = state.digests.get(&Key::Order(uuid)).copied();
        // The version before it counts too: a stale index shows it.
        Some(digest(&(of_json(&plain), before)))
    }
}
