//! Acceptance tests, one subject a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod calls;
mod catalogue;
mod faults;
mod keys;
mod main_job;
mod model;
mod once_only;
mod one_item;
mod payments;
mod provisioning;
mod seeding;
mod shoppex;
mod snapshots;
mod sweeping;
mod walk;
mod wire;
