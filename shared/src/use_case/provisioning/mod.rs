//! Provisioning of queued orders, and the sweep that finds those that were lost.

pub mod apply_effect;
pub mod provision;
pub mod provision_order;
pub mod sweep;
