//! Recording a new order: one conditional put, then its pointer and its message at once.

use super::draft::Draft;
use crate::use_case::{Refusal, Service, idempotency::RequestIdentity};
use crate::{
    domain::{status::Status, work_order::WorkOrder},
    ports::{Insert, Numbers, OrderRef, Orders, PortError, Queue},
};

/// An order that is there.
#[derive(Debug)]
pub struct RecordedOrder {
    /// The order.
    pub order: WorkOrder,
    /// Was it there before this request?
    pub replayed: bool,
    /// Its message could not be sent: the order stands, and the sweep queues it.
    pub send_failed: Option<PortError>,
}

impl RecordedOrder {
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
    once: &RequestIdentity<'_>,
    uuid: (uuid::Uuid, bool),
    draft: Result<Draft, Refusal>,
    by: &str,
) -> Result<RecordedOrder, Refusal> {
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
        Insert::AlreadyExists(existing) => {
            store.give_back(number);
            replay(store, once, *existing).await
        }
        Insert::Inserted => {
            let name = OrderRef::from(&order);
            let (pointer, sent) = if order.status() == Status::Queued {
                futures_util::join!(store.put_number_pointer(name), service.queue.send(name))
            } else {
                (store.put_number_pointer(name).await, Ok(()))
            };
            // Without its pointer the order cannot be found by its code: the caller comes again, which repeats the pointer.
            pointer?;
            Ok(RecordedOrder { order, replayed: false, send_failed: sent.err() })
        }
    }
}

/// Sends the message of a stored order; one that fails to go is the sweep's to send.
pub async fn queue<S, Q: Queue, T>(service: &Service<S, Q, T>, order: WorkOrder) -> RecordedOrder {
    let sent = service.queue.send(OrderRef::from(&order)).await;
    RecordedOrder { order, replayed: false, send_failed: sent.err() }
}

async fn replay<S: Orders>(
    store: &S,
    once: &RequestIdentity<'_>,
    existing: WorkOrder,
) -> Result<RecordedOrder, Refusal> {
    once.is_replay_of(&existing)?;
    // The first request may have ended between the order and its pointer.
    store.put_number_pointer(OrderRef::from(&existing)).await?;
    Ok(RecordedOrder::quietly(existing, true))
}
