//! Every step of every action cut, and everybody's steps in every order: the real use cases over a store and a queue in
//! memory whose each step waits for its turn (`world`), scheduled by hand (`scheduler`), gone through depth first
//! (`systematic`) or at random (`random`), and held to what must always be so (`invariants`).
//!
//! - `EXPLORER_FAULTS=2` puts up to two faults into each run of the systematic scenarios (minutes to hours).
//! - `EXPLORER_CHOICES=0,3,1` makes one run of a scenario again, as a failure prints it.
//! - `EXPLORER_RUNS=100000` and `EXPLORER_SEED=7`: how many random runs, and from which seed on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![allow(clippy::large_enum_variant, reason = "there are a few of each")]
#![allow(clippy::print_stdout, reason = "what was explored is to be seen")]

mod actors;
mod events;
mod invariants;
mod many;
mod pairs;
mod provisioner;
mod random;
mod requests;
mod scenario;
mod scheduler;
mod single;
mod systematic;
mod world;
