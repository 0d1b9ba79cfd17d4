//! The whole service on one machine: all functions, store, queue, dead letters and schedule in one process, for trying it
//! out, for developing clients and for the tests.

pub mod docs;
pub mod front_door;
pub mod functions;
pub mod legacy_url;
pub mod poller;
pub mod secret;
pub mod start;
pub mod store;
pub mod template;
pub mod whereabouts;

pub use start::{DEMO_KEY, Local, Options, StartFault};
