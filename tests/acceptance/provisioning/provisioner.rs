//! The provisioner interface (infra/docs/provisioner.md).

mod answers;
mod crashes;
mod example;
mod faults;
mod leftovers;
mod signatures;

use std::{sync::Arc, time::Duration};

use shared::{
    domain::{ids::ActivationId, work_order::WorkOrder},
    ports::{Activations, Clock, Deliveries, Orders, Provisioner, QueueMessage},
    use_case::{
        context::Context,
        provisioning::provision::{Batch, provision},
        rate_limit::RateLimits,
    },
};
use support::memory::Memory;

/// A worker over these ports.
fn worker<S, Q>(store: S, queue: Q, clock: impl Clock + 'static) -> Context<S, Q> {
    Context { store, queue, clock: Arc::new(clock), limits: RateLimits::default() }
}

/// One delivery of an order, with time enough.
async fn deliver<S: Orders + Activations, Q: Deliveries>(
    worker: &Context<S, Q>,
    provisioner: &impl Provisioner,
    order: &WorkOrder,
    count: u32,
) -> Batch {
    let delivery = QueueMessage { message_id: "1".into(), receipt: "1".into(), body: Some(order.into()), count };
    provision(worker, provisioner, vec![delivery], &|| Duration::from_secs(30)).await
}

fn line_of(store: &Memory, id: u64) -> shared::domain::activation::Activation {
    store.all_lines().into_iter().find(|line| line.id == ActivationId(id)).expect("the line")
}

fn order_of(store: &Memory, order: &WorkOrder) -> WorkOrder {
    store.all_orders().into_iter().find(|stored| stored.uuid == order.uuid).expect("the order")
}
