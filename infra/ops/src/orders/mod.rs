//! `ops orders`: looking at orders, and deciding what waits for a person.

use clap::Subcommand;

use crate::{
    context::Context,
    error::{Ended, OpsError},
    mask::Reveal,
};

mod decide;
mod list;
mod named;
mod show;

pub use list::ListOrders;
pub(crate) use list::email;
pub(crate) use named::{find, reason};
pub use show::as_json;

/// What is done with orders. An order is named by its reference code, its number or its uuid.
#[derive(Subcommand)]
pub enum Command {
    /// List orders, the newest first
    List(ListOrders),
    /// Show an order with its payments and its whole history
    Show {
        /// Reference code, number or uuid
        reference: String,
        /// Show private fields: who bought, what they and their shop wrote
        #[arg(long)]
        reveal: bool,
    },
    /// The payment came in: what is due counts as paid, and the order is provisioned
    Approve {
        /// Reference code, number or uuid
        reference: String,
    },
    /// Only so much of the submitted payment came in; the customer may pay the rest
    Partial {
        /// Reference code, number or uuid
        reference: String,
        /// How much came in with the last submission, in the order's currency, such as 4.50
        amount: String,
    },
    /// Call an order off; lines that it has made are suspended
    Cancel {
        /// Reference code, number or uuid
        reference: String,
        /// Why, for the history
        #[arg(long, value_parser = reason)]
        reason: String,
    },
    /// Provision a failed order again: what it has got stays, what is missing is made
    Retry {
        /// Reference code, number or uuid
        reference: String,
    },
}

/// Runs a command.
pub async fn run(context: &Context, command: Command) -> Result<Ended, OpsError> {
    match command {
        Command::List(wanted) => list::run(context, wanted).await,
        Command::Show { reference, reveal } => show::run(context, &reference, Reveal(reveal)).await,
        Command::Approve { reference } => decide::approve(context, &reference).await,
        Command::Partial { reference, amount } => decide::partial(context, &reference, &amount).await,
        Command::Cancel { reference, reason } => decide::cancel(context, &reference, &reason).await,
        Command::Retry { reference } => decide::retry(context, &reference).await,
    }
}
