//! The Panelr work-order API.

pub mod catalogue;
pub mod envelope;
pub mod order_request;
pub mod requests;
pub mod work_order;
