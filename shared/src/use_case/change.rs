//! Changing an order under its version: read, decide, store; whoever loses the race reads again and decides again.

use super::{RACE_ROUNDS, Refusal, too_contended};
use crate::{
    domain::work_order::WorkOrder,
    ports::{Orders, Saved},
};

/// What a decision asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<T> {
    /// Store the order as it was changed.
    Store(T),
    /// There is nothing to store.
    Leave(T),
}

/// Changes `order` as `decide` says, on the condition that nobody else has changed it; else it is read and decided anew.
/// Returns the order as it is stored, with what was decided.
pub async fn change<S: Orders, T>(
    store: &S,
    mut order: WorkOrder,
    decide: impl Fn(&mut WorkOrder) -> Result<Decision<T>, Refusal>,
) -> Result<(WorkOrder, T), Refusal> {
    for _ in 0..RACE_ROUNDS {
        match decide(&mut order)? {
            Decision::Leave(result) => return Ok((order, result)),
            Decision::Store(result) => match store.save(&mut order).await? {
                Saved::Done => return Ok((order, result)),
                Saved::Lost => order = store.order(order.uuid).await?.ok_or(Refusal::NoSuchOrder)?,
            },
        }
    }
    Err(too_contended("the order").into())
}
