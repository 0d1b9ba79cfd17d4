//! Dead letters of the queue of events. Each is sent again as it was and then deleted; in between it is there twice, and its
//! endpoint knows it by its id.

use std::collections::HashSet;

use serde_json::json;
use shared::{
    aws::{dynamodb::DynamoDb, sqs::Sqs},
    ports::{EventQueue, WebhookDelivery, WebhookEndpoints},
};

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

fn outgoing(letter: &Letter) -> Option<WebhookDelivery> {
    serde_json::from_str(&letter.body).ok()
}

/// The letters with their events. Of a body nothing is shown.
pub(super) fn describe(letters: &[Letter]) -> Listed {
    let shown = letters.iter().map(|letter| {
        let event = outgoing(letter);
        let text = |text: fn(&WebhookDelivery) -> &str| event.as_ref().map(text);
        let (reference, kind) = (text(|event| &event.reference), text(|event| &event.kind));
        let (endpoint, id) = (text(|event| &event.endpoint.0), text(|event| &event.id));
        let tone = if event.is_some() { Tone::Plain } else { Tone::Bad };
        Shown {
            fields: fields([
                ("endpoint", json!(endpoint)),
                ("event", json!(id)),
                ("kind", json!(kind)),
                ("reference", json!(reference)),
            ]),
            columns: vec![
                plain(endpoint.unwrap_or("-")),
                (kind.unwrap_or("unreadable").to_owned(), tone),
                plain(reference.unwrap_or("-")),
                sent(letter),
                plain(id.unwrap_or("-")),
            ],
        }
    });
    (&["ENDPOINT", "EVENT", "ORDER", "SENT", "ID"], shown.collect())
}

/// Sends the events again.
pub(super) async fn redrive(context: &Context, wanted: Redrive) -> Result<Ended, OpsError> {
    let (_, only) = named(context, &wanted).await?;
    let connection = &context.connection;
    let to = Sqs::new(connection.sqs.clone(), connection.events_queue_url()?);
    let queue = QueueName::Events.open(context, WORKED_ON)?;
    if wanted.discard {
        context.confirm("Dead letters that hold no event will be deleted.")?;
    }
    let mut work = Work { store: context.store(), queue: to, endpoint: wanted.endpoint, only, discard: wanted.discard };
    round(context, queue, "EVENT", &mut work).await
}

struct Work {
    store: DynamoDb,
    queue: Sqs,
    endpoint: Option<String>,
    only: HashSet<String>,
    discard: bool,
}

impl Redriver for Work {
    async fn deal(&mut self, letter: &Letter) -> Result<Option<Redriven>, OpsError> {
        let Some(event) = outgoing(letter) else {
            let asked_for_others = self.endpoint.is_some() || !self.only.is_empty();
            return Ok((!asked_for_others).then(|| Redriven {
                fate: RedriveResult::of_unnamed(self.discard),
                detail: "it cannot be read".to_owned(),
                about: "-".to_owned(),
                fields: fields([]),
            }));
        };
        let other_endpoint = self.endpoint.as_ref().is_some_and(|only| *only != event.endpoint.0);
        if other_endpoint || !self.only.is_empty() && !self.only.contains(&event.reference) {
            return Ok(None);
        }
        let (fate, detail) = match self.store.endpoint(&event.endpoint).await? {
            None => (RedriveResult::Needless, format!("{} was removed", event.endpoint)),
            // What is switched off may be switched on again.
            Some(endpoint) if endpoint.disabled => (RedriveResult::Kept, format!("{} is switched off", event.endpoint)),
            Some(_) => {
                self.queue.send_events(std::slice::from_ref(&event)).await?;
                (RedriveResult::Sent, format!("{} for {} to {}", event.kind, event.reference, event.endpoint))
            }
        };
        Ok(Some(Redriven {
            fate,
            detail,
            about: event.id.clone(),
            fields: fields([
                ("endpoint", json!(event.endpoint)),
                ("event", json!(event.id)),
                ("kind", json!(event.kind)),
                ("reference", json!(event.reference)),
            ]),
        }))
    }
}
