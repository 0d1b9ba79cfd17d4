//! The ports in memory: for tests that run the use cases many thousand times. Held to the same obligations as the store.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use shared::{
    domain::{
        activation::Activation,
        catalogue::PaymentMethod,
        ids::{ActivationId, PaymentMethodId, WorkOrderId},
        key_binding::KeyBinding,
        status::Status,
        time::Timestamp,
        work_order::WorkOrder,
    },
    ports::{
        Activations, Deliveries, Insert, KeyBindings, Loaded, Lookup, LookupKeys, LookupResult, Numbers, OpenOrder,
        OpenOrders, OrderRef, Orders, PortError, Queue, Save,
    },
};
use uuid::Uuid;

mod lists;

#[derive(Clone, Default)]
struct State {
    found: Arc<LookupResult>,
    methods: HashMap<PaymentMethodId, PaymentMethod>,
    orders: HashMap<Uuid, WorkOrder>,
    numbers: BTreeMap<WorkOrderId, Uuid>,
    next: u64,
    lines: HashMap<ActivationId, Activation>,
    bindings: HashMap<String, KeyBinding>,
    sent: Vec<OrderRef>,
}

/// Store and queue in memory. Clones share their contents.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

impl Memory {
    /// With this catalogue and key, whatever is asked for.
    pub fn with(found: LookupResult) -> Self {
        let memory = Self::default();
        memory.state().lines.clone_from(&found.lines);
        memory.state().found = Arc::new(found);
        memory
    }

    /// With these payment methods beside the one it may have been made with.
    #[must_use]
    pub fn and_methods(self, methods: impl IntoIterator<Item = PaymentMethod>) -> Self {
        self.state().methods.extend(methods.into_iter().map(|method| (method.id, method)));
        self
    }

    /// Another memory with the same contents.
    #[must_use]
    pub fn copied(&self) -> Self {
        Self(Arc::new(Mutex::new(self.state().clone())))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn all_orders(&self) -> Vec<WorkOrder> {
        self.state().orders.values().cloned().collect()
    }

    pub fn all_lines(&self) -> Vec<Activation> {
        self.state().lines.values().cloned().collect()
    }

    /// Numbers and the orders they lead to.
    pub fn numbers(&self) -> BTreeMap<u64, Uuid> {
        self.state().numbers.iter().map(|(number, uuid)| (number.0, *uuid)).collect()
    }

    /// Puts a line in place, behind everybody's back.
    pub fn put_line(&self, line: Activation) {
        self.state().lines.insert(line.id, line);
    }

    /// Removes a line, behind everybody's back.
    pub fn remove_line(&self, id: ActivationId) {
        self.state().lines.remove(&id);
    }

    /// Takes the messages that were sent.
    pub fn take_sent(&self) -> Vec<OrderRef> {
        std::mem::take(&mut self.state().sent)
    }
}

impl Lookup for Memory {
    async fn look_up(&self, lookup_keys: &LookupKeys) -> Result<LookupResult, PortError> {
        let state = self.state();
        let mut found = LookupResult::clone(&state.found);
        found.products.retain(|id, _| lookup_keys.products.contains(id));
        found.payment_method = found.payment_method.filter(|method| Some(method.id) == lookup_keys.payment_method);
        let another = || lookup_keys.payment_method.and_then(|id| state.methods.get(&id).cloned());
        found.payment_method = found.payment_method.or_else(another);
        found.lines = state
            .lines
            .iter()
            .filter(|(id, _)| lookup_keys.lines.contains(id))
            .map(|(id, l)| (*id, l.clone()))
            .collect();
        Ok(found)
    }
}

impl Orders for Memory {
    async fn create(&self, order: &mut WorkOrder) -> Result<Insert<WorkOrder>, PortError> {
        let mut state = self.state();
        order.mark(Uuid::new_v4());
        if let Some(existing) = state.orders.get(&order.uuid) {
            let own = existing.number == order.number;
            return Ok(if own { Insert::Inserted } else { Insert::AlreadyExists(Box::new(existing.clone())) });
        }
        state.orders.insert(order.uuid, order.clone());
        Ok(Insert::Inserted)
    }

    async fn put_number_pointer(&self, name: OrderRef) -> Result<(), PortError> {
        self.state().numbers.insert(name.number, name.order);
        Ok(())
    }

    async fn order(&self, uuid: Uuid) -> Result<Option<WorkOrder>, PortError> {
        Ok(self.state().orders.get(&uuid).cloned())
    }

    async fn order_by_number(&self, number: WorkOrderId) -> Result<Option<WorkOrder>, PortError> {
        let state = self.state();
        Ok(state.numbers.get(&number).and_then(|uuid| state.orders.get(uuid)).cloned())
    }

    async fn load(&self, names: &[OrderRef]) -> Result<Vec<Loaded>, PortError> {
        let state = self.state();
        let load = |name: &OrderRef| Loaded {
            order: Ok(state.orders.get(&name.order).cloned()),
            has_number_pointer: state.numbers.contains_key(&name.number),
        };
        Ok(names.iter().map(load).collect())
    }

    async fn save(&self, order: &mut WorkOrder) -> Result<Save, PortError> {
        let mut state = self.state();
        if state.orders.get(&order.uuid).is_none_or(|stored| stored.version != order.version) {
            return Ok(Save::Conflict);
        }
        order.stamp(Uuid::new_v4());
        state.orders.insert(order.uuid, order.clone());
        Ok(Save::Saved)
    }
}

impl Numbers for Memory {
    async fn take(&self) -> Result<WorkOrderId, PortError> {
        let mut state = self.state();
        state.next += 1;
        Ok(WorkOrderId(state.next))
    }

    fn give_back(&self, _: WorkOrderId) {}
}

impl Activations for Memory {
    async fn lines(&self, ids: &BTreeSet<ActivationId>) -> Result<HashMap<ActivationId, Activation>, PortError> {
        let state = self.state();
        Ok(ids.iter().filter_map(|id| Some((*id, state.lines.get(id)?.clone()))).collect())
    }

    async fn make(&self, line: &Activation) -> Result<Insert<Activation>, PortError> {
        let mut state = self.state();
        if let Some(existing) = state.lines.get(&line.id) {
            return Ok(Insert::AlreadyExists(Box::new(existing.clone())));
        }
        state.lines.insert(line.id, line.clone());
        Ok(Insert::Inserted)
    }

    async fn save_activation(&self, line: &mut Activation) -> Result<Save, PortError> {
        let mut state = self.state();
        if state.lines.get(&line.id).is_none_or(|stored| stored.version != line.version) {
            return Ok(Save::Conflict);
        }
        line.version += 1;
        state.lines.insert(line.id, line.clone());
        Ok(Save::Saved)
    }
}

impl OpenOrders for Memory {
    async fn open_orders(&self, status: Status, before: Timestamp, _: u32) -> Result<Vec<OpenOrder>, PortError> {
        let state = self.state();
        let open = state.orders.values().filter(|order| order.open_as() == Some(status) && order.updated_at <= before);
        let open = open.filter(|order| order.next_attempt_at.is_none_or(|at| at <= before));
        Ok(open.map(|order| OpenOrder { name: order.into(), next_attempt_at: order.next_attempt_at }).collect())
    }
}

impl KeyBindings for Memory {
    async fn bind_key(
        &self,
        name: &str,
        binding: &KeyBinding,
        now: Timestamp,
    ) -> Result<Insert<KeyBinding>, PortError> {
        let mut state = self.state();
        if let Some(held) = state.bindings.get(name).filter(|held| held.expires_at > now) {
            return Ok(Insert::AlreadyExists(Box::new(held.clone())));
        }
        state.bindings.insert(name.to_owned(), binding.clone());
        Ok(Insert::Inserted)
    }

    async fn find_binding(&self, name: &str) -> Result<Option<KeyBinding>, PortError> {
        Ok(self.state().bindings.get(name).cloned())
    }
}

impl Queue for Memory {
    async fn send(&self, name: OrderRef) -> Result<(), PortError> {
        self.state().sent.push(name);
        Ok(())
    }

    async fn waiting(&self) -> Result<u64, PortError> {
        Ok(self.state().sent.len() as u64)
    }
}

impl Deliveries for Memory {
    async fn postpone(&self, _: &str, _: Duration) -> Result<(), PortError> {
        Ok(())
    }
}
