//! The queues, as seen by those who fill them and by their consumers.

use std::{future::Future, time::Duration};

use super::{error::PortError, orders::OrderRef};

/// The provisioning queue, as seen by those who fill it.
pub trait Queue: Send + Sync {
    /// Queues an order. It is delivered at least once, perhaps more than once.
    fn send(&self, name: OrderRef) -> impl Future<Output = Result<(), PortError>> + Send;

    /// About how many messages wait to be received now.
    fn waiting(&self) -> impl Future<Output = Result<u64, PortError>> + Send;
}

/// A message, as its consumer receives it.
#[derive(Debug, Clone)]
pub struct QueueMessage<T> {
    /// Its id, by which it is reported.
    pub message_id: String,
    /// Its receipt handle, by which it is postponed.
    pub receipt: String,
    /// What it says; none if it cannot be read.
    pub body: Option<T>,
    /// How often it has been delivered, this time included.
    pub count: u32,
}

/// A queue, as seen by its consumer.
pub trait Deliveries: Send + Sync {
    /// Delivers a message again after `delay` instead of after the queue's visibility timeout.
    fn postpone(&self, receipt: &str, delay: Duration) -> impl Future<Output = Result<(), PortError>> + Send;
}
