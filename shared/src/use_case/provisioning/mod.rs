//! Provisioning of queued orders, and the sweep that finds those that were lost.

pub mod apply_effect;
pub mod provision;
pub mod provision_order;
mod reasons;
pub mod suspend_canceled;
pub mod sweep;
