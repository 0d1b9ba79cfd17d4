//! `ops dlq`: what rests in the queues of dead letters, and bringing it back. Each queue by its name.

use clap::Subcommand;
use serde_json::{Map, Value, json};
use shared::domain::time::to_sortable;

use crate::{
    context::Context,
    error::{Ended, OpsError},
};

mod dead_letter_queue;
mod events;
mod listing;
mod options;
mod provision;
mod redrive;
mod unpublished;

use dead_letter_queue::Letter;
use listing::Shown;
use options::{LISTED, QueueName, Redrive};

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

/// Runs a command.
pub async fn run(context: &Context, command: Command) -> Result<Ended, OpsError> {
    match command {
        Command::List { queue, limit } => list(context, queue, usize::from(limit)).await,
        Command::Redrive(wanted) => {
            if wanted.endpoint.is_some() && wanted.queue != QueueName::Events {
                return Err(OpsError::Usage("`--endpoint` goes with `--queue events`.".to_owned()));
            }
            match wanted.queue {
                QueueName::Provision => provision::redrive(context, wanted).await,
                QueueName::Events => events::redrive(context, wanted).await,
                QueueName::Unpublished => unpublished::redrive(context, wanted).await,
            }
        }
    }
}

async fn list(context: &Context, name: QueueName, limit: usize) -> Result<Ended, OpsError> {
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
