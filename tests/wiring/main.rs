//! Every function's own binary, started as Lambda starts it, with the environment that template.yaml gives it: what it reads
//! of its environment, what it answers to its events, and what becomes of an event when AWS does not answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod answers;
mod environment;
mod function;
mod troubles;
