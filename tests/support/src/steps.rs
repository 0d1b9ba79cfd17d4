//! A store and a provisioner that end, or wait, at a step: every call of a port is a step, and takes effect or not.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use shared::{
    domain::{
        activation::Activation,
        ids::{ActivationId, WorkOrderId},
        time::Timestamp,
        work_order::WorkOrder,
    },
    ports::{
        Activations, Deliveries, Insert, Loaded, OrderRef, Orders, PortError, Provisioner, ProvisionerAnswer,
        ProvisionerError, Save,
    },
};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Where, and whether before or after that step took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Before(usize),
    After(usize),
}

/// What happens there.
#[derive(Clone)]
pub enum Event {
    /// Nothing works any more: as good as a crash.
    Crash,
    /// It waits until the second is let go, once the first has told that it waits.
    Wait(Arc<Semaphore>, Arc<Semaphore>),
}

/// Counts steps, and lets one of them meet its event.
#[derive(Clone)]
pub struct Steps {
    taken: Arc<AtomicUsize>,
    plan: Option<(At, Event)>,
}

impl Steps {
    pub fn undisturbed() -> Self {
        Self { taken: Arc::default(), plan: None }
    }

    pub fn with(at: At, event: Event) -> Self {
        Self { taken: Arc::default(), plan: Some((at, event)) }
    }

    /// How many there were.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    async fn step<T>(&self, work: impl Future<Output = T>) -> Result<T, PortError> {
        let step = self.taken.fetch_add(1, Ordering::SeqCst);
        let crashed = || PortError::Unavailable("the test ended it".to_owned());
        match &self.plan {
            Some((At::Before(at) | At::After(at), Event::Crash)) if step > *at => Err(crashed()),
            Some((At::Before(at), event)) if step == *at => {
                self.meet(event).await?;
                Ok(work.await)
            }
            Some((At::After(at), event)) if step == *at => {
                let result = work.await;
                self.meet(event).await?;
                Ok(result)
            }
            _ => Ok(work.await),
        }
    }

    async fn meet(&self, event: &Event) -> Result<(), PortError> {
        match event {
            Event::Crash => Err(PortError::Unavailable("the test ended it".to_owned())),
            Event::Wait(waits, go) => {
                waits.add_permits(1);
                go.acquire().await.unwrap().forget();
                Ok(())
            }
        }
    }
}

/// A store, queue or provisioner whose calls are steps.
#[derive(Clone)]
pub struct Stepped<T> {
    pub inner: T,
    pub steps: Steps,
}

impl<T: Orders> Orders for Stepped<T> {
    async fn create(&self, order: &mut WorkOrder) -> Result<Insert<WorkOrder>, PortError> {
        self.steps.step(self.inner.create(order)).await?
    }

    async fn put_number_pointer(&self, name: OrderRef) -> Result<(), PortError> {
        self.steps.step(self.inner.put_number_pointer(name)).await?
    }

    async fn order(&self, uuid: Uuid) -> Result<Option<WorkOrder>, PortError> {
        self.steps.step(self.inner.order(uuid)).await?
    }

    async fn order_by_number(&self, number: WorkOrderId) -> Result<Option<WorkOrder>, PortError> {
        self.steps.step(self.inner.order_by_number(number)).await?
    }

    async fn load(&self, names: &[OrderRef]) -> Result<Vec<Loaded>, PortError> {
        self.steps.step(self.inner.load(names)).await?
    }

    async fn save(&self, order: &mut WorkOrder) -> Result<Save, PortError> {
        self.steps.step(self.inner.save(order)).await?
    }
}

impl<T: Activations> Activations for Stepped<T> {
    async fn lines(&self, ids: &BTreeSet<ActivationId>) -> Result<HashMap<ActivationId, Activation>, PortError> {
        self.steps.step(self.inner.lines(ids)).await?
    }

    async fn make(&self, line: &Activation) -> Result<Insert<Activation>, PortError> {
        self.steps.step(self.inner.make(line)).await?
    }

    async fn save_activation(&self, line: &mut Activation) -> Result<Save, PortError> {
        self.steps.step(self.inner.save_activation(line)).await?
    }
}

impl<T: Deliveries> Deliveries for Stepped<T> {
    async fn postpone(&self, receipt: &str, delay: Duration) -> Result<(), PortError> {
        self.inner.postpone(receipt, delay).await
    }
}

impl<T: Provisioner> Provisioner for Stepped<T> {
    fn is_configured(&self) -> bool {
        self.inner.is_configured()
    }

    async fn send(&self, id: &str, body: &str, at: Timestamp) -> Result<ProvisionerAnswer, ProvisionerError> {
        match self.steps.step(self.inner.send(id, body, at)).await {
            Ok(answer) => answer,
            Err(cause) => Err(ProvisionerError { cause, retry_after: None }),
        }
    }
}
