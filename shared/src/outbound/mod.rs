//! Signed calls to addresses that operators configure: the panel's and those of webhooks.
//!
//! Signed by [Standard Webhooks](https://www.standardwebhooks.com); guarded against being turned on the network that the
//! functions run in.

pub mod endpoint;
pub mod panel;
pub mod post;
pub mod reach;
pub mod sign;
