//! The store's ports, step by step, over the memory that the suite of the ports holds to its obligations.

use std::collections::{BTreeSet, HashMap};

use futures_util::FutureExt;
use shared::{
    domain::{
        activation::Activation,
        ids::{ActivationId, WorkOrderId},
        key_binding::KeyBinding,
        status::Status,
        time::Timestamp,
        work_order::WorkOrder,
    },
    ports::{
        Activations, Insert, KeyBindings, Loaded, Lookup, LookupKeys, LookupResult, Numbers, OpenOrder, OpenOrders,
        OrderRef, Orders, PortError, Save,
    },
};
use uuid::Uuid;

use super::{Kind, Ports, Turn, digest::Key};
use crate::scenario::Scenario;

/// Numbers that a process leases at once: more than one, so that it holds some in memory.
const BLOCK: u64 = 2;

/// The memory answers at once.
fn now<T>(answer: impl Future<Output = Result<T, PortError>>) -> T {
    answer.now_or_never().unwrap().unwrap()
}

fn line_keys(ids: &BTreeSet<ActivationId>) -> Vec<Key> {
    ids.iter().copied().map(Key::Line).collect()
}

impl Lookup for Ports {
    async fn look_up(&self, lookup_keys: &LookupKeys) -> Result<LookupResult, PortError> {
        let keys = line_keys(&lookup_keys.lines);
        self.step(Kind::Read, "look up", &keys, |_| now(self.world.memory.look_up(lookup_keys))).await
    }
}

impl Orders for Ports {
    async fn create(&self, order: &mut WorkOrder) -> Result<Insert<WorkOrder>, PortError> {
        let keys = [Key::Order(order.uuid)];
        self.step(Kind::Write, "create order", &keys, |_| now(self.world.memory.create(order))).await
    }

    async fn put_number_pointer(&self, name: OrderRef) -> Result<(), PortError> {
        let keys = [Key::Number(name.number.0)];
        self.step(Kind::Write, "point", &keys, |_| {
            let before = self.world.memory.numbers().get(&name.number.0).copied();
            if before.is_some_and(|before| before != name.order) {
                let number = name.number;
                self.world.state().broken.push(format!("number {number} is given to two orders"));
            }
            now(self.world.memory.put_number_pointer(name));
        })
        .await
    }

    async fn order(&self, uuid: Uuid) -> Result<Option<WorkOrder>, PortError> {
        self.step(Kind::Read, "read order", &[Key::Order(uuid)], |_| now(self.world.memory.order(uuid))).await
    }

    async fn order_by_number(&self, number: WorkOrderId) -> Result<Option<WorkOrder>, PortError> {
        let uuid = self.world.memory.numbers().get(&number.0).copied();
        let keys: Vec<Key> = uuid.map(Key::Order).into_iter().chain([Key::Number(number.0)]).collect();
        self.step(Kind::Read, "read order", &keys, |_| now(self.world.memory.order_by_number(number))).await
    }

    async fn load(&self, names: &[OrderRef]) -> Result<Vec<Loaded>, PortError> {
        let keys: Vec<Key> =
            names.iter().flat_map(|name| [Key::Order(name.order), Key::Number(name.number.0)]).collect();
        self.step(Kind::Read, "load orders", &keys, |_| now(self.world.memory.load(names))).await
    }

    async fn save(&self, order: &mut WorkOrder) -> Result<Save, PortError> {
        let keys = [Key::Order(order.uuid)];
        let mut written: Option<WorkOrder> = None;
        let saved = self
            .step(Kind::Write, "save order", &keys, |_| {
                if let Some(written) = &written {
                    // The SDK's retry of this very write: its id among the latest writes tells that it took effect.
                    let stored = now(self.world.memory.order(written.uuid));
                    let id = written.change_ids.last();
                    let own = stored.is_some_and(|stored| stored.change_ids.iter().any(|kept| Some(kept) == id));
                    return if own { Save::Saved } else { Save::Conflict };
                }
                let mut attempt = order.clone();
                let saved = now(self.world.memory.save(&mut attempt));
                written = (saved == Save::Saved).then_some(attempt);
                saved
            })
            .await?;
        if let Some(written) = written {
            *order = written;
        }
        Ok(saved)
    }
}

impl Numbers for Ports {
    async fn take(&self) -> Result<WorkOrderId, PortError> {
        loop {
            if let Some(number) = self.world.state().actors[self.who].numbers.pop_first() {
                return Ok(WorkOrderId(number));
            }
            let leased = self
                .step(Kind::Write, "lease numbers", &[Key::Counter], |_| {
                    let mut state = self.world.state();
                    state.next_number += BLOCK;
                    state.next_number
                })
                .await?;
            self.world.state().actors[self.who].numbers.extend(leased - BLOCK..leased);
        }
    }

    fn give_back(&self, number: WorkOrderId) {
        self.world.state().actors[self.who].numbers.insert(number.0);
    }
}

impl Activations for Ports {
    async fn lines(&self, ids: &BTreeSet<ActivationId>) -> Result<HashMap<ActivationId, Activation>, PortError> {
        self.step(Kind::Read, "read lines", &line_keys(ids), |_| now(self.world.memory.lines(ids))).await
    }

    async fn make(&self, line: &Activation) -> Result<Insert<Activation>, PortError> {
        self.step(Kind::Write, "make line", &[Key::Line(line.id)], |_| now(self.world.memory.make(line))).await
    }

    async fn save_activation(&self, line: &mut Activation) -> Result<Save, PortError> {
        let keys = [Key::Line(line.id)];
        let mut attempt = line.clone();
        attempt.version += 1;
        let saved = self
            .step(Kind::Write, "save line", &keys, |_| {
                match now(self.world.memory.save_activation(&mut line.clone())) {
                    // A line that is as it was to become is this write's own first attempt, or as good.
                    Save::Conflict => {
                        let stored = now(self.world.memory.lines(&BTreeSet::from([line.id])));
                        if stored.get(&line.id) == Some(&attempt) { Save::Saved } else { Save::Conflict }
                    }
                    Save::Saved => Save::Saved,
                }
            })
            .await?;
        *line = attempt;
        Ok(saved)
    }
}

impl KeyBindings for Ports {
    async fn bind_key(&self, name: &str, binding: &KeyBinding, at: Timestamp) -> Result<Insert<KeyBinding>, PortError> {
        let keys = [Key::Binding(name.to_owned())];
        self.step(Kind::Write, "claim key", &keys, |_| now(self.world.memory.bind_key(name, binding, at))).await
    }

    async fn find_binding(&self, name: &str) -> Result<Option<KeyBinding>, PortError> {
        let keys = [Key::Binding(name.to_owned())];
        self.step(Kind::Read, "read claim", &keys, |_| now(self.world.memory.find_binding(name))).await
    }
}

impl OpenOrders for Ports {
    async fn open_orders(&self, status: Status, before: Timestamp, limit: u32) -> Result<Vec<OpenOrder>, PortError> {
        self.step(Kind::ReadIndex, "read index", &[Key::Index], |turn| {
            if turn == Turn::Stale {
                return self.stale(status, before);
            }
            let mut open = now(self.world.memory.open_orders(status, before, limit));
            // In the store an order's place in the index is as good as random; here runs must repeat.
            open.sort_by_key(|entry| entry.name.number);
            open
        })
        .await
    }
}

impl Ports {
    /// Puts a line back that was removed.
    pub(crate) async fn mend(&self, id: ActivationId) {
        let keys = [Key::Line(id)];
        let mended = self.step(Kind::Sure, "mend line", &keys, |_| {
            let there = !now(self.world.memory.lines(&BTreeSet::from([id]))).is_empty();
            if let Some(line) = Scenario::first_line(id).filter(|_| !there) {
                self.world.memory.put_line(line);
            }
        });
        mended.await.unwrap();
    }

    /// The index before each order's latest change.
    fn stale(&self, status: Status, before: Timestamp) -> Vec<OpenOrder> {
        let state = self.world.state();
        let mut open: Vec<OpenOrder> = state
            .versions
            .values()
            .filter_map(|versions| versions.iter().rev().nth(1))
            .filter(|order| order.status() == status && order.updated_at <= before)
            .filter(|order| order.next_attempt_at.is_none_or(|at| at <= before))
            .map(|order| OpenOrder { name: order.into(), next_attempt_at: order.next_attempt_at })
            .collect();
        open.sort_by_key(|entry| entry.name.number);
        open
    }
}
