//! What every function's binary needs: its environment, logs and metrics, and the way from an event to a reply.

pub mod environment;
pub mod http;
pub mod logs;
pub mod metrics;
pub mod panelr;
pub mod prewarm;
pub mod reply;
pub mod request;
pub mod runtime;
pub mod shoppex;
pub mod sqs;
