//! What every function's binary needs: its environment, AWS clients, logs and metrics, and the way from an event to a reply.

pub mod clients;
pub mod environment;
pub mod http;
pub mod logs;
pub mod metrics;
pub mod panelr;
pub mod reply;
pub mod shoppex;
