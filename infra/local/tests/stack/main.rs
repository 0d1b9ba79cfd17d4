//! The stack: what template.yaml and the files beside it say is held to the code, to each other and to the runbook.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod capacity;
mod costs;
mod documents;
mod functions;
mod metrics;
mod queues;
mod references;
mod runbook;
