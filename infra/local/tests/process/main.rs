//! The program as a person runs it: what it prints, how it ends, what is left after it was killed, what its log gives away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg(unix)]

mod kept_data;
mod log;
mod program;
mod provisioner;
mod running;
