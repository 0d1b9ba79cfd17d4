//! What of the table's stream could not be published: put aside by the function that could not read it, or by Lambda with its
//! place alone. Only the stream knows what the change was, so it is published again from there (infra/docs/runbook.md).

use std::collections::HashSet;

use serde_json::{Value, json};
use shared::{aws::dynamodb::layout::ORDER_PREFIX, ports::Unpublished};
use uuid::Uuid;

use super::{
    dead_letter_queue::Letter,
    listing::{Listed, Shown, fields, sent},
    options::{QueueName, Redrive, WORKED_ON, named},
    redrive::{RedriveResult, Redriven, Redriver, round},
};
use crate::{
    context::Context,
    error::{Ended, OpsError},
    output::{Tone, plain},
};

/// What was put aside.
struct Aside {
    /// The order; none of a batch that Lambda put aside.
    order: Option<Uuid>,
    /// Its place in the stream, of a batch the first one's; none if it cannot be read.
    place: Option<String>,
    /// How many records there are at most.
    records: u64,
    reason: String,
}

fn aside(letter: &Letter) -> Aside {
    if let Ok(what) = serde_json::from_str::<Unpublished>(&letter.body) {
        let order = what.pk.strip_prefix(ORDER_PREFIX).and_then(|uuid| uuid.parse().ok());
        return Aside { order, place: Some(what.sequence_number), records: 1, reason: what.reason };
    }
    // https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    let told: Value = serde_json::from_str(&letter.body).unwrap_or_default();
    let batch = &told["DDBStreamBatchInfo"];
    let condition = told["requestContext"]["condition"].as_str();
    Aside {
        order: None,
        place: batch["startSequenceNumber"].as_str().map(str::to_owned),
        records: batch["batchSize"].as_u64().unwrap_or_default(),
        reason: condition.map_or_else(|| "it cannot be read".to_owned(), |why| format!("put aside by Lambda: {why}")),
    }
}

/// The letters with what they name.
pub(super) fn describe(letters: &[Letter]) -> Listed {
    let shown = letters.iter().map(|letter| {
        let aside = aside(letter);
        let order = aside.order.map_or_else(|| "-".to_owned(), |order| order.to_string());
        let tone = if aside.place.is_some() { Tone::Plain } else { Tone::Bad };
        Shown {
            columns: vec![
                plain(order),
                (aside.place.clone().unwrap_or_else(|| "unreadable".to_owned()), tone),
                plain(aside.records),
                sent(letter),
                plain(&aside.reason),
            ],
            fields: fields([
                ("order", json!(aside.order)),
                ("place", json!(aside.place)),
                ("records", json!(aside.records)),
                ("reason", json!(aside.reason)),
            ]),
        }
    });
    (&["ORDER", "PLACE", "RECORDS", "SENT", "REASON"], shown.collect())
}

/// Deletes what was dealt with by hand, if asked to; says of everything else what is to be done.
pub(super) async fn redrive(context: &Context, wanted: Redrive) -> Result<Ended, OpsError> {
    let (only, _) = named(context, &wanted).await?;
    let queue = QueueName::Unpublished.open(context, WORKED_ON)?;
    if wanted.discard {
        context.confirm("What could not be published will be deleted; nobody will be told of it.")?;
    }
    round(context, queue, "ORDER", &mut Work { only, discard: wanted.discard }).await
}

struct Work {
    only: HashSet<Uuid>,
    discard: bool,
}

impl Redriver for Work {
    async fn deal(&mut self, letter: &Letter) -> Result<Option<Redriven>, OpsError> {
        let aside = aside(letter);
        if !self.only.is_empty() && !aside.order.is_some_and(|order| self.only.contains(&order)) {
            return Ok(None);
        }
        let remedy = "publish it from the stream, then discard it (infra/docs/runbook.md, EventsUnpublished)";
        Ok(Some(Redriven {
            fate: RedriveResult::of_unnamed(self.discard),
            detail: if self.discard { aside.reason } else { remedy.to_owned() },
            about: aside.order.map_or_else(|| "-".to_owned(), |order| order.to_string()),
            fields: fields([("order", json!(aside.order)), ("place", json!(aside.place))]),
        }))
    }
}
