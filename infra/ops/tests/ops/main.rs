//! The operator's program, run as a person runs it, against a service of the test's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod catalogue;
mod deciding;
mod dlq;
mod dlq_events;
mod doctor;
mod documents;
mod faults;
mod kept_data;
mod keys;
mod lines;
mod orders;
mod program;
mod webhooks;
