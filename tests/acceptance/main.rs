//! Acceptance tests, one subject a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod calls;
mod faults;
mod keys;
mod main_job;
mod once_only;
mod provisioning;
mod seeding;
mod sweeping;
mod wire;
