//! Acceptance tests, one subject a file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod bad_input;
mod by_token;
mod complete_order;
mod create_work_order;
mod get_work_order;
mod limits;
mod main_job;
