//! Acceptance tests, one subject a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod bad_input;
mod by_token;
mod calls;
mod catalogue;
mod complete_order;
mod create_work_order;
mod events;
mod far_apart;
mod faults;
mod faults_of_waiting_orders;
mod get_work_order;
mod keys;
mod limits;
mod main_job;
mod model;
mod once_only;
mod one_item;
mod openapi;
mod payments;
mod permissions;
mod provisioner;
mod provisioning;
mod rate_limits;
mod readme;
mod scale;
mod security;
mod seeding;
mod shoppex;
mod snapshots;
mod sweeping;
mod walk;
mod wire;
