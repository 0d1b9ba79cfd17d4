//! What the acceptance tests share: a service of their own, a client, faults at the SDK's HTTP connector, a clock.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test's harness fails by panicking"
)]
#![allow(missing_docs, reason = "names say what the tests need")]

pub mod clock;
pub mod depth;
pub mod faults;
pub mod memory;
pub mod openapi;
pub mod orders;
pub mod provisioner;
pub mod receiver;
pub mod runtime_api;
pub mod seed;
pub mod service;
pub mod steps;
