//! What the use cases need of the world. Each trait's documentation states what an implementation owes its callers; one
//! suite of tests holds every implementation to it.

mod activations;
mod catalogue;
mod clock;
mod error;
mod keys;
mod listing;
mod lookup;
mod numbers;
mod open_orders;
mod orders;
mod provisioner;
mod queue;
mod webhooks;
mod write;

pub use activations::Activations;
pub use catalogue::{Catalogue, Setup};
pub use clock::{Clock, SystemClock};
pub use error::{PortError, RACE_ROUNDS};
pub use keys::{KeyBindings, Keys, ListedKey, NamedKeys};
pub use listing::{Cursor, Listing, OrderPage};
pub use lookup::{Lookup, LookupKeys, LookupResult};
pub use numbers::Numbers;
pub use open_orders::{OpenOrder, OpenOrders};
pub use orders::{Loaded, OrderRef, Orders};
pub use provisioner::{NoProvisioner, Provisioner, ProvisionerAnswer, ProvisionerError};
pub use queue::{Deliveries, Queue, QueueMessage};
pub use webhooks::{
    EventQueue, OrderWrite, StreamRecord, Unpublished, UnpublishedQueue, WebhookDelivery, WebhookEndpoints,
    WebhookError, WebhookSender,
};
pub use write::{Insert, Save};
