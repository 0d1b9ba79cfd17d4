//! Recording a new order: one conditional put, then its pointer and its message at once.

use super::{Refusal, Service, draft::Draft, once::Once};
use crate::{
    domain::{status::Status, work_order::WorkOrder},
    ports::{Made, Numbers, OrderName, Orders, PortError, Queue},
};

/// An order that is there.
#[derive(Debug)]
pub struct Recorded {
    /// The order.
    pub order: WorkOrder,
    /// Was it there before this request?
    pub replayed: bool,
    /// Its message could not be sent: the order stands, and the sweep queues it.
    pub send_failed: Option<PortError>,
}

impl Recorded {
    /// An order that was there, or was changed without a message.
    pub fn quietly(order: WorkOrder, replayed: bool) -> Self {
        Self { order, replayed, send_failed: None }
    }
}

/// Records the order of `draft`, or finds the one that a copy of the request made.
///
/// A refusal in place of a draft came of the catalogue or the lines as they are now. They may have changed since an
/// earlier copy of the request was accepted, so that copy's order is looked for first.
pub async fn record<S: Orders + Numbers, Q: Queue, T>(
    service: &Service<S, Q, T>,
    once: &Once<'_>,
    uuid: (uuid::Uuid, bool),
    draft: Result<Draft, Refusal>,
    by: &str,
) -> Result<Recorded, Refusal> {
    let store = &service.store;
    let draft = match draft {
        Ok(draft) => draft,
        Err(refusal) => {
            let (uuid, computed) = uuid;
            let existing = if computed { store.order(uuid).await? } else { None };
            return match existing {
                Some(existing) => replay(store, once, existing).await,
                None => Err(refusal),
            };
        }
    };
    let number = store.take().await?;
    let mut order = WorkOrder::new(draft.numbered(number), by);
    match store.create(&mut order).await? {
        Made::Existed(existing) => {
            store.give_back(number);
            replay(store, once, *existing).await
        }
        Made::New => {
            let name = OrderName::from(&order);
            let (pointed, sent) = if order.status() == Status::Queued {
                futures_util::join!(store.point(name), service.queue.send(name))
            } else {
                (store.point(name).await, Ok(()))
            };
            // Without its pointer the order cannot be found by its code: the caller comes again, which repeats the pointer.
            pointed?;
            Ok(Recorded { order, replayed: false, send_failed: sent.err() })
        }
    }
}

/// Sends the message of a stored order; one that fails to go is the sweep's to send.
pub async fn queue<S, Q: Queue, T>(service: &Service<S, Q, T>, order: WorkOrder) -> Recorded {
    let sent = service.queue.send(OrderName::from(&order)).await;
    Recorded { order, replayed: false, send_failed: sent.err() }
}

async fn replay<S: Orders>(store: &S, once: &Once<'_>, existing: WorkOrder) -> Result<Recorded, Refusal> {
    once.is_replay_of(&existing)?;
    // The first request may have ended between the order and its pointer.
    store.point(OrderName::from(&existing)).await?;
    Ok(Recorded::quietly(existing, true))
}
