//! Numbers for new orders.

use std::future::Future;

use super::error::PortError;
use crate::domain::ids::WorkOrderId;

/// Numbers for new orders.
pub trait Numbers: Send + Sync {
    /// A number that nobody else was or will be given. Numbers may have gaps.
    fn take(&self) -> impl Future<Output = Result<WorkOrderId, PortError>> + Send;

    /// Gives back a number that is certain to stand nowhere. Never called after a time-out.
    fn give_back(&self, number: WorkOrderId);
}
