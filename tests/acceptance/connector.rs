//! The connector to the panel (infra/connector.md).

mod answers;
mod crashes;
mod faults;
mod leftovers;
mod receiver;
mod signatures;

use std::{sync::Arc, time::Duration};

use acceptance::memory::Memory;
use shared::{
    domain::{ids::ActivationId, work_order::WorkOrder},
    ports::{Clock, Deliveries, Lines, Orders, Panel},
    use_case::{
        Worker,
        provision::{Batch, Delivery, provision},
        rate_limit::RateLimits,
    },
};

/// A worker over these ports.
fn worker<S, Q>(store: S, queue: Q, clock: impl Clock + 'static) -> Worker<S, Q> {
    Worker { store, queue, tokens: (), clock: Arc::new(clock), limits: RateLimits::default() }
}

/// One delivery of an order, with time enough.
async fn deliver<S: Orders + Lines, Q: Deliveries>(
    worker: &Worker<S, Q>,
    panel: &impl Panel,
    order: &WorkOrder,
    count: u32,
) -> Batch {
    let delivery = Delivery { message_id: "1".into(), receipt: "1".into(), name: Some(order.into()), count };
    provision(worker, panel, vec![delivery], &|| Duration::from_secs(30)).await
}

fn line_of(store: &Memory, id: u64) -> shared::domain::activation::Activation {
    store.all_lines().into_iter().find(|line| line.id == ActivationId(id)).expect("the line")
}

fn order_of(store: &Memory, order: &WorkOrder) -> WorkOrder {
    store.all_orders().into_iter().find(|stored| stored.uuid == order.uuid).expect("the order")
}
