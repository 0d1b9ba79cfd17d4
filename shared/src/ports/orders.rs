//! Work orders.

use std::future::Future;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    error::PortError,
    write::{Insert, Save},
};
use crate::domain::{ids::WorkOrderId, work_order::WorkOrder};

/// Names an order to a queue: enough to load it and its number pointer in one read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderRef {
    /// The order.
    pub order: Uuid,
    /// Its number.
    pub number: WorkOrderId,
}

impl From<&WorkOrder> for OrderRef {
    fn from(order: &WorkOrder) -> Self {
        Self { order: order.uuid, number: order.number }
    }
}

/// An order named by a message, with what there is of it.
#[derive(Debug)]
pub struct Loaded {
    /// The order; none if there is none.
    pub order: Result<Option<WorkOrder>, PortError>,
    /// Is its number pointer there?
    pub has_number_pointer: bool,
}

/// Work orders.
pub trait Orders: Send + Sync {
    /// Stores a new order if there is none under its uuid, in one conditional write. An order stored by another is
    /// returned, read in that same write.
    fn create(&self, order: &mut WorkOrder) -> impl Future<Output = Result<Insert<WorkOrder>, PortError>> + Send;

    /// Makes the order findable by its number. May be repeated.
    fn put_number_pointer(&self, name: OrderRef) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The order under this uuid, as of now.
    fn order(&self, uuid: Uuid) -> impl Future<Output = Result<Option<WorkOrder>, PortError>> + Send;

    /// The order with this number, as of now. Makes as many calls for a number that nobody has.
    fn order_by_number(&self, number: WorkOrderId)
    -> impl Future<Output = Result<Option<WorkOrder>, PortError>> + Send;

    /// These orders, as of now and in this order, in one read for up to 10 names.
    fn load(&self, names: &[OrderRef]) -> impl Future<Output = Result<Vec<Loaded>, PortError>> + Send;

    /// Stores a changed order, if its version is still the stored one; stamps it with the next.
    fn save(&self, order: &mut WorkOrder) -> impl Future<Output = Result<Save, PortError>> + Send;
}
