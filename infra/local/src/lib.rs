//! The whole service on one machine: all functions, store, queue, dead letters and schedule in one process, for trying it
//! out, for developing clients and for the tests.

pub mod api_gateway;
pub mod docs;
pub mod error;
pub mod functions;
pub mod legacy_url;
pub mod local_endpoints;
pub mod poller;
pub mod queues;
pub mod secret;
pub mod start;
pub mod store;
pub mod stream;
pub mod template;

pub use error::StartError;
pub use start::{DEMO_KEY, Local, Options};
