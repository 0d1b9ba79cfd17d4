//! What publishing and delivering events need of the world.

use std::{future::Future, time::Duration};

use serde::{Deserialize, Serialize};

use super::{error::PortError, write::Insert};
use crate::domain::{
    time::Timestamp,
    webhook::{WebhookEndpoint, WebhookEndpointId},
    work_order::WorkOrder,
};

/// One write of an order, as the table's stream tells it.
#[derive(Debug)]
pub struct OrderWrite {
    /// The order before; none where this write made it.
    pub old: Option<WorkOrder>,
    /// The order after.
    pub new: WorkOrder,
}

/// A record of the table's stream.
#[derive(Debug)]
pub struct StreamRecord {
    /// The item's partition key.
    pub pk: String,
    /// Its place in the stream, by which it is reported.
    pub sequence_number: String,
    /// The write; none for items that are no orders and for orders that were removed; or why it cannot be read, in words
    /// that quote nothing of it.
    pub write: Result<Option<Box<OrderWrite>>, String>,
}

/// Endpoints that events are sent to.
pub trait WebhookEndpoints: Send + Sync {
    /// Every endpoint, disabled ones too. May be five seconds old.
    fn endpoints(&self) -> impl Future<Output = Result<Vec<WebhookEndpoint>, PortError>> + Send;

    /// The endpoint of this name. One that is known may be five seconds old; one that is not is asked for every time.
    fn endpoint(
        &self,
        id: &WebhookEndpointId,
    ) -> impl Future<Output = Result<Option<WebhookEndpoint>, PortError>> + Send;

    /// Stores a new endpoint, if there is none of its name.
    fn add_endpoint(&self, endpoint: &WebhookEndpoint) -> impl Future<Output = Result<Insert<()>, PortError>> + Send;

    /// Removes an endpoint; was there one? Events that wait for it are dropped.
    fn remove_endpoint(&self, id: &WebhookEndpointId) -> impl Future<Output = Result<bool, PortError>> + Send;
}

/// An event on its way to one endpoint: all that must be sent, to the byte, so that a repeat sends the same. Not the URL
/// and not the secret, which may change meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookDelivery {
    /// To whom.
    pub endpoint: WebhookEndpointId,
    /// The event's id, the same for every endpoint and every repeat.
    pub id: String,
    /// Its kind, for logs.
    pub kind: String,
    /// The order's reference code, for logs.
    pub reference: String,
    /// The body.
    pub body: String,
}

/// The queue of events, as seen by those who fill it.
pub trait EventQueue: Send + Sync {
    /// Queues events; each is delivered at least once. An error says that some of them may not be queued.
    fn send_events(&self, events: &[WebhookDelivery]) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// What of the table's stream could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unpublished {
    /// The partition key of the item, `order#<uuid>`.
    pub pk: String,
    /// Its place in the stream.
    pub sequence_number: String,
    /// Why, in words that hold nothing private.
    pub reason: String,
}

/// Where somebody looks at what could not be published.
pub trait UnpublishedQueue: Send + Sync {
    /// Puts it there.
    fn send_unpublished(&self, what: &Unpublished) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Why an endpoint has not got an event. The text names no URL and nothing of what was answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// It answered with another status than 2xx. Redirects are not followed.
    #[error("answered with status {0}")]
    Status(u16),
    /// It did not answer in time.
    #[error("did not answer in time")]
    TimedOut,
    /// It was not reached, or its answer was none.
    #[error("{0}")]
    Unreachable(String),
}

/// Sends events over the network.
pub trait WebhookSender: Send + Sync {
    /// Posts a body to an endpoint, signed with its secret and stamped with `at`, within `patience`; the status, of 2xx.
    fn post(
        &self,
        endpoint: &WebhookEndpoint,
        id: &str,
        body: &str,
        at: Timestamp,
        patience: Duration,
    ) -> impl Future<Output = Result<u16, WebhookError>> + Send;
}
