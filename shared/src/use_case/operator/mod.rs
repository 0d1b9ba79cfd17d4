//! Actions of an operator.

pub mod activations;
pub mod api_keys;
pub mod seed;

mod orders;

pub use orders::{approve, by, cancel, partial, retry};
