//! `ops dlq`: the dead letters of the provisioning queue, and bringing them back.

use clap::Subcommand;
use serde_json::{Value, json};
use shared::{
    domain::{time::to_sortable, work_order::WorkOrder},
    ports::{OrderName, Orders},
};

use crate::{
    context::Context,
    fault::{Ended, Fault},
    output::{Tone, plain, time},
};

mod letters;
mod redrive;

use letters::{Letter, Letters};
pub use redrive::Redrive;

/// What is done with dead letters.
#[derive(Subcommand)]
pub enum Command {
    /// List the dead letters with their orders; they stay where they are
    List {
        /// At most so many
        #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// Queue the failed orders of the dead letters again. It may be repeated, and stopped anywhere
    Redrive(Redrive),
}

/// Runs a command.
pub async fn run(context: &Context, command: Command) -> Result<Ended, Fault> {
    match command {
        Command::List { limit } => list(context, usize::from(limit)).await,
        Command::Redrive(wanted) => redrive::run(context, wanted).await,
    }
}

async fn list(context: &Context, limit: usize) -> Result<Ended, Fault> {
    // Long enough for the list to end; then they are let go.
    let mut queue = Letters::open(&context.connection, 60)?;
    let mut letters = Vec::new();
    while letters.len() < limit {
        let some = queue.next().await?;
        if some.is_empty() {
            break;
        }
        letters.extend(some);
    }
    let listed = describe(context, &letters).await;
    queue.let_go(&letters).await?;
    letters.truncate(limit);
    let orders = listed?;
    let waiting = queue.waiting().await?.max(u64::try_from(letters.len()).unwrap_or(u64::MAX));
    if context.out.json {
        let letters: Vec<Value> =
            letters.iter().zip(&orders).map(|(letter, order)| as_json(letter, order.as_ref())).collect();
        context.out.value(&json!({ "letters": letters, "waiting": waiting }));
    } else if letters.is_empty() {
        context.out.line("There are no dead letters.");
    } else {
        let rows = letters.iter().zip(&orders).map(|(letter, order)| {
            let (reference, status, tone) = match (order, letter.name) {
                (Some(order), _) => (order.reference().to_string(), order.status().as_str(), Tone::of(order.status())),
                (None, Some(name)) => (name.order.to_string(), "no such order", Tone::Bad),
                (None, None) => ("-".to_owned(), "unreadable", Tone::Bad),
            };
            let failure = order.as_ref().and_then(|order| order.failure.clone()).unwrap_or_default();
            vec![plain(reference), (status.to_owned(), tone), plain(time(letter.sent_at)), plain(failure)]
        });
        context.out.table(&["ORDER", "STATUS", "SENT", "FAILURE"], rows.collect());
        if waiting > u64::try_from(letters.len()).unwrap_or(u64::MAX) {
            context.out.remark(format!("About {waiting} in all; --limit shows more."));
        }
    }
    Ok(Ended::Done)
}

fn as_json(letter: &Letter, order: Option<&WorkOrder>) -> Value {
    json!({
        "message_id": letter.id,
        "sent_at": letter.sent_at.map(to_sortable),
        "order": letter.name.map(|name| name.order),
        "reference": order.map(|order| order.reference().to_string()),
        "status": order.map(WorkOrder::status),
        "failure": order.and_then(|order| order.failure.clone()),
    })
}

/// The orders that letters name, in their order.
async fn describe(context: &Context, letters: &[Letter]) -> Result<Vec<Option<WorkOrder>>, Fault> {
    let mut names: Vec<OrderName> = letters.iter().filter_map(|letter| letter.name).collect();
    names.sort_unstable_by_key(|name| (name.number, name.order));
    names.dedup();
    let store = context.store();
    let mut orders = Vec::with_capacity(names.len());
    for names in names.chunks(50) {
        for loaded in store.load(names).await? {
            orders.extend(loaded.order?);
        }
    }
    let order_of = |letter: &Letter| {
        letter.name.and_then(|name| orders.iter().find(|order: &&WorkOrder| order.uuid == name.order).cloned())
    };
    Ok(letters.iter().map(order_of).collect())
}
