//! Signed calls to addresses that operators configure: the provisioner's and those of webhooks.
//!
//! Signed by [Standard Webhooks](https://www.standardwebhooks.com); guarded against being turned on the network that the
//! functions run in.

pub mod address_policy;
pub mod post;
pub mod provisioner;
pub mod sign;
pub mod url;
mod webhook_sender;
