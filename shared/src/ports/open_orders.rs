//! The index of orders on which somebody or something must still act.

use std::future::Future;

use super::{error::PortError, orders::OrderRef};
use crate::domain::{status::Status, time::Timestamp};

/// An entry of the index of orders on which somebody or something must still act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOrder {
    /// The order.
    pub name: OrderRef,
    /// Before this it is to be left alone.
    pub next_attempt_at: Option<Timestamp>,
}

/// The index of open orders. It may lag behind the orders.
pub trait OpenOrders: Send + Sync {
    /// Orders of `status` that were last changed before `before` and are not to be left alone until after it, the oldest
    /// first within each part of the index; at most `limit` of each of its 32 parts.
    fn open_orders(
        &self,
        status: Status,
        before: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<OpenOrder>, PortError>> + Send;
}
