//! What the service does, one file an action, as plain functions over the ports.

pub mod auth;
pub mod context;
pub mod idempotency;
pub mod key_bindings;
pub mod operator;
pub mod orders;
pub mod payments;
pub mod pricing;
pub mod provisioning;
pub mod rate_limit;
pub mod refusal;
pub mod webhooks;
