//! Orders in lists.

use std::future::Future;

use uuid::Uuid;

use super::error::PortError;
use crate::domain::{email::Email, ids::WorkOrderId, time::Timestamp, work_order::WorkOrder};

/// A place in a list of orders, from which a page goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// Below this number, in the list of all orders.
    Number(WorkOrderId),
    /// After this order of a customer.
    OfCustomer {
        /// When it was made.
        created_at: Timestamp,
        /// The order.
        order: Uuid,
    },
}

/// Some orders of a list.
#[derive(Debug, Default)]
pub struct OrderPage {
    /// Each with its place.
    pub orders: Vec<(Cursor, WorkOrder)>,
    /// Where the list goes on; none: it ends here.
    pub next: Option<Cursor>,
}

/// Orders in lists.
pub trait Listing: Send + Sync {
    /// The number after the last that was leased.
    fn next_number(&self) -> impl Future<Output = Result<WorkOrderId, PortError>> + Send;

    /// The orders with numbers from `lowest` up to and without `below`, the highest number first.
    fn orders_numbered(
        &self,
        lowest: WorkOrderId,
        below: WorkOrderId,
    ) -> impl Future<Output = Result<Vec<WorkOrder>, PortError>> + Send;

    /// The next orders of a customer after a place, the newest first, at most `limit`. May lag behind the orders.
    fn orders_of_customer(
        &self,
        customer: &Email,
        after: Option<Cursor>,
        limit: u32,
    ) -> impl Future<Output = Result<OrderPage, PortError>> + Send;
}
