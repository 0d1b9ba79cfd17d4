//! The endpoint through the AWS SDK over a socket, and through the in-process API on a paused clock.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::large_futures,
    reason = "a test that cannot go on fails, and SDK futures are large"
)]

mod batches;
mod concurrency;
mod dead_letters;
mod endpoint;
mod fair_queues;
mod messages;
mod paused_clock;
mod polling;
mod queues;
mod wire;
