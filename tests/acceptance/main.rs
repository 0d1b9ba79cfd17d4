//! Acceptance tests, by subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod contract;
mod operations;
mod orders;
mod payments;
mod provisioning;
