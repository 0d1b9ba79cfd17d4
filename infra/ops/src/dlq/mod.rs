//! `ops dlq`: what rests in the queues of dead letters, and bringing it back. Each queue by its name.

use std::collections::HashSet;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};
use shared::domain::time::to_sortable;
use uuid::Uuid;

use crate::{
    context::Context,
    fault::{Ended, Fault},
    orders::find,
    output::{Text, time},
};

mod events;
mod letters;
mod provision;
mod redrive;
mod unpublished;

use letters::{Letter, Letters};

/// Seconds that a letter is hidden for while it is listed: long enough for the list to end.
const LISTED: i32 = 60;
/// Seconds that a letter is hidden for while it is worked on.
const WORKED_ON: i32 = 300;

/// A queue of dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QueueName {
    /// Orders that were delivered 10 times in vain
    Provision,
    /// Events that an endpoint did not take in 6 attempts
    Events,
    /// Changes of orders that could not be published
    Unpublished,
}

impl QueueName {
    fn as_str(self) -> &'static str {
        match self {
            Self::Provision => "provision",
            Self::Events => "events",
            Self::Unpublished => "unpublished",
        }
    }

    fn open(self, context: &Context, hidden: i32) -> Result<Letters, Fault> {
        let connection = &context.connection;
        let url = match self {
            Self::Provision => connection.dead_letter_queue_url(),
            Self::Events => connection.events_dead_letter_queue_url(),
            Self::Unpublished => connection.unpublished_queue_url(),
        };
        Ok(Letters::open(connection.sqs.clone(), url?, hidden))
    }
}

/// What is done with dead letters.
#[derive(Subcommand)]
pub enum Command {
    /// List the dead letters of a queue with what they name; they stay where they are
    List {
        /// Of which queue
        #[arg(long, value_enum, value_name = "QUEUE", default_value_t = QueueName::Provision)]
        queue: QueueName,
        /// At most so many
        #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// Bring dead letters back: queue their failed orders again, or send their events again. It may be repeated, and
    /// stopped anywhere
    Redrive(Redrive),
}

/// Which letters, and what of those that name nothing.
#[derive(Args)]
pub struct Redrive {
    /// Only the letters of these orders
    #[arg(value_name = "ORDER")]
    orders: Vec<String>,
    /// Of which queue
    #[arg(long, value_enum, value_name = "QUEUE", default_value_t = QueueName::Provision)]
    queue: QueueName,
    /// Of the events, only those for this endpoint
    #[arg(long, value_name = "ENDPOINT")]
    endpoint: Option<String>,
    /// Delete letters that cannot be read or that name nothing, and of `unpublished` all; without it, they stay
    #[arg(long)]
    discard: bool,
}

/// Runs a command.
pub async fn run(context: &Context, command: Command) -> Result<Ended, Fault> {
    match command {
        Command::List { queue, limit } => list(context, queue, usize::from(limit)).await,
        Command::Redrive(wanted) => {
            if wanted.endpoint.is_some() && wanted.queue != QueueName::Events {
                return Err(Fault::Usage("`--endpoint` goes with `--queue events`.".to_owned()));
            }
            match wanted.queue {
                QueueName::Provision => provision::redrive(context, wanted).await,
                QueueName::Events => events::redrive(context, wanted).await,
                QueueName::Unpublished => unpublished::redrive(context, wanted).await,
            }
        }
    }
}

/// What a letter names: fields for scripts, and columns for people.
struct Shown {
    fields: Map<String, Value>,
    columns: Vec<Text>,
}

/// Letters as they are listed: the heads of the columns, and each letter.
type Listed = (&'static [&'static str], Vec<Shown>);

async fn list(context: &Context, name: QueueName, limit: usize) -> Result<Ended, Fault> {
    let mut queue = name.open(context, LISTED)?;
    let mut letters = Vec::new();
    while letters.len() < limit {
        let some = queue.next().await?;
        if some.is_empty() {
            break;
        }
        letters.extend(some);
    }
    let listed = match name {
        QueueName::Provision => provision::describe(context, &letters).await,
        QueueName::Events => Ok(events::describe(&letters)),
        QueueName::Unpublished => Ok(unpublished::describe(&letters)),
    };
    queue.let_go(&letters).await?;
    letters.truncate(limit);
    let (heads, mut shown) = listed?;
    shown.truncate(limit);
    let waiting = queue.waiting().await?.max(u64::try_from(letters.len()).unwrap_or(u64::MAX));
    if context.out.json {
        let letters: Vec<Value> = letters.iter().zip(shown).map(|(letter, shown)| as_json(letter, shown)).collect();
        context.out.value(&json!({ "queue": name.as_str(), "letters": letters, "waiting": waiting }));
    } else if letters.is_empty() {
        context.out.line("There are no dead letters.");
    } else {
        context.out.table(heads, shown.into_iter().map(|shown| shown.columns).collect());
        if waiting > u64::try_from(letters.len()).unwrap_or(u64::MAX) {
            context.out.remark(format!("About {waiting} in all; --limit shows more."));
        }
    }
    Ok(Ended::Done)
}

fn as_json(letter: &Letter, shown: Shown) -> Value {
    let mut fields = Map::new();
    fields.insert("message_id".to_owned(), json!(letter.id));
    fields.insert("sent_at".to_owned(), json!(letter.sent_at.map(to_sortable)));
    fields.extend(shown.fields);
    Value::Object(fields)
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn sent(letter: &Letter) -> Text {
    crate::output::plain(time(letter.sent_at))
}

/// The orders that somebody has named, by uuid and reference code.
async fn named(context: &Context, wanted: &Redrive) -> Result<(HashSet<Uuid>, HashSet<String>), Fault> {
    let store = context.store();
    let (mut uuids, mut references) = (HashSet::new(), HashSet::new());
    for name in &wanted.orders {
        let order = find(&store, name).await?;
        uuids.insert(order.uuid);
        references.insert(order.reference().to_string());
    }
    Ok((uuids, references))
}
