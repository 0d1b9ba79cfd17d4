//! Actions that claim or confirm a payment.

pub mod complete_by_token;
pub mod complete_pending_order;
pub mod send_payment_instructions;
pub mod submit_payment;
