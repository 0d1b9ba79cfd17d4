//! `ops orders`: looking at orders, and deciding what waits for a person.

use clap::Subcommand;
use shared::{
    aws::dynamodb::DynamoDb,
    domain::{ids::WorkOrderId, status::Status, work_order::WorkOrder},
    ports::Orders,
};
use uuid::Uuid;

use crate::{
    context::Context,
    fault::{Ended, Fault},
    mask::Reveal,
};

mod decide;
mod list;
mod show;

pub use list::ListOrders;
pub(crate) use list::email;
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

/// A text for a history.
pub(crate) fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        1..=500 if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        _ => Err("must be 1 to 500 characters, in one line".to_owned()),
    }
}

/// Runs a command.
pub async fn run(context: &Context, command: Command) -> Result<Ended, Fault> {
    match command {
        Command::List(wanted) => list::run(context, wanted).await,
        Command::Show { reference, reveal } => show::run(context, &reference, Reveal(reveal)).await,
        Command::Approve { reference } => decide::approve(context, &reference).await,
        Command::Partial { reference, amount } => decide::partial(context, &reference, &amount).await,
        Command::Cancel { reference, reason } => decide::cancel(context, &reference, &reason).await,
        Command::Retry { reference } => decide::retry(context, &reference).await,
    }
}

/// The order that a person names.
pub(crate) async fn find(store: &DynamoDb, named: &str) -> Result<WorkOrder, Fault> {
    let named = named.trim();
    let number = || named.parse().ok().map(WorkOrderId);
    let reference = || named.to_ascii_uppercase().parse::<shared::domain::reference::ReferenceCode>().ok();
    let order = if let Ok(uuid) = Uuid::try_parse(named) {
        store.order(uuid).await?
    } else if let Some(number) = number() {
        store.order_by_number(number).await?
    } else if let Some(reference) = reference() {
        let order = store.order_by_number(reference.number).await?;
        order.filter(|order| order.reference() == reference)
    } else {
        let rule = "an order is named by its reference code (WO-2026-00042), its number (42) or its uuid";
        return Err(Fault::Usage(format!("`{named}` is none of these: {rule}.")));
    };
    order.ok_or_else(|| Fault::refused(format!("There is no order {named}.")))
}

/// Who changed an order last, for somebody who came too late: ` (by operator:jane, 2026-11-23 17:00:00)`.
pub(crate) fn last_change(order: &WorkOrder) -> String {
    let last = order.history().last();
    last.map_or_else(String::new, |last| format!(" (by {}, {})", last.by, shared::domain::time::to_wire(last.at)))
}

/// A state by its name.
pub(crate) fn status(text: &str) -> Result<Status, String> {
    Status::parse(text).ok_or_else(|| format!("must be one of {}", Status::ALL.map(Status::as_str).join(", ")))
}
