//! Changing an order under its version: read, decide, store; whoever loses the race reads again and decides again.

use crate::use_case::refusal::OrderRefusal;
use crate::{
    domain::work_order::WorkOrder,
    ports::{Orders, PortError, RACE_ROUNDS, Save},
};

/// What a decision asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update<T> {
    /// Store the order as it was changed.
    Store(T),
    /// There is nothing to store.
    Unchanged(T),
}

/// Changes `order` as `decide` says, on the condition that nobody else has changed it; else it is read and decided anew.
/// Returns the order as it is stored, with what was decided.
pub async fn update_order<S: Orders, T, E: From<OrderRefusal>>(
    store: &S,
    mut order: WorkOrder,
    decide: impl Fn(&mut WorkOrder) -> Result<Update<T>, E>,
) -> Result<(WorkOrder, T), E> {
    for _ in 0..RACE_ROUNDS {
        match decide(&mut order)? {
            Update::Unchanged(result) => return Ok((order, result)),
            Update::Store(result) => match store.save(&mut order).await.map_err(OrderRefusal::from)? {
                Save::Saved => return Ok((order, result)),
                Save::Conflict => {
                    let current = store.order(order.uuid).await.map_err(OrderRefusal::from)?;
                    order = current.ok_or(OrderRefusal::NoSuchOrder)?;
                }
            },
        }
    }
    Err(OrderRefusal::Unavailable(PortError::Contended { what: "the order" }).into())
}
