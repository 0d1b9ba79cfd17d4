//! The business: work orders, money, lines. Pure: no I/O, no clock, no randomness of its own.

pub mod activation;
pub mod adjustment;
pub mod api_key;
pub mod cart;
pub mod catalogue;
pub mod effect;
pub mod effect_message;
pub mod email;
pub mod event;
pub mod idempotency;
pub mod ids;
pub mod key_binding;
pub mod money;
pub mod password;
pub mod provisioner;
pub mod provisioning;
pub mod reference;
pub mod status;
pub mod time;
pub mod token;
pub mod webhook;
pub mod work_order;
