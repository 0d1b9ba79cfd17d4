//! an example provisioner (infra/docs/provisioner.md). It serves nobody: it keeps a ledger of lines.
//!
//! What a provisioner must do, in this order: verify the signature over the bytes as they came, answer a message that it has
//! done before as it did then, leave alone what a later message has overtaken, and set what the message says.

mod ledger;
mod message;
mod server;

pub use ledger::{Kept, Ledger, LedgerFault, Line, Outcome};
pub use message::{Effect, Message};
pub use server::{ExampleProvisioner, SecretError};
