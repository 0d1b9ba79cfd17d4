//! Dead letters of the provisioning queue. Each failed order is queued again by a conditional write, then its message is
//! sent, and only then is its dead letter deleted: nothing is lost, and nothing is provisioned twice.

use std::collections::HashSet;

use serde_json::json;
use shared::{
    aws::{
        dynamodb::DynamoDb,
        sqs::{Sqs, from_body},
    },
    domain::{status::Status, work_order::WorkOrder},
    ports::{OrderRef, Orders, PortError, Queue},
    use_case::{self, operator, refusal::OrderRefusal},
};
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

fn name(letter: &Letter) -> Option<OrderRef> {
    from_body(&letter.body)
}

/// The letters with the orders that they name.
pub(super) async fn describe(context: &Context, letters: &[Letter]) -> Result<Listed, OpsError> {
    let mut names: Vec<OrderRef> = letters.iter().filter_map(name).collect();
    names.sort_unstable_by_key(|name| (name.number, name.order));
    names.dedup();
    let store = context.store();
    let mut orders = Vec::with_capacity(names.len());
    for names in names.chunks(50) {
        for loaded in store.load(names).await? {
            orders.extend(loaded.order?);
        }
    }
    let shown = letters.iter().map(|letter| {
        let name = name(letter);
        let order = name.and_then(|name| orders.iter().find(|order: &&WorkOrder| order.uuid == name.order));
        show(letter, name, order)
    });
    Ok((&["ORDER", "STATUS", "SENT", "FAILURE"], shown.collect()))
}

fn show(letter: &Letter, name: Option<OrderRef>, order: Option<&WorkOrder>) -> Shown {
    let (reference, status, tone) = match (order, name) {
        (Some(order), _) => (order.reference().to_string(), order.status().as_str(), Tone::of(order.status())),
        (None, Some(name)) => (name.order.to_string(), "no such order", Tone::Bad),
        (None, None) => ("-".to_owned(), "unreadable", Tone::Bad),
    };
    let failure = order.and_then(|order| order.failure.clone());
    Shown {
        fields: fields([
            ("order", json!(name.map(|name| name.order))),
            ("reference", json!(order.map(|order| order.reference().to_string()))),
            ("status", json!(order.map(WorkOrder::status))),
            ("failure", json!(failure)),
        ]),
        columns: vec![plain(reference), (status.to_owned(), tone), sent(letter), plain(failure.unwrap_or_default())],
    }
}

/// Queues the orders again.
pub(super) async fn redrive(context: &Context, wanted: Redrive) -> Result<Ended, OpsError> {
    let (by, service) = (context.operator()?, context.service()?);
    let (only, _) = named(context, &wanted).await?;
    let queue = QueueName::Provision.open(context, WORKED_ON)?;
    if wanted.discard {
        context.confirm("Dead letters that name no order will be deleted.")?;
    }
    let mut work = Work { context, service, by, discard: wanted.discard, only, done: HashSet::new() };
    round(context, queue, "ORDER", &mut work).await
}

struct Work<'a> {
    context: &'a Context,
    service: use_case::context::Context<DynamoDb, Sqs>,
    by: String,
    discard: bool,
    only: HashSet<Uuid>,
    /// Orders that this run has sent a message for.
    done: HashSet<Uuid>,
}

impl Redriver for Work<'_> {
    async fn deal(&mut self, letter: &Letter) -> Result<Option<Redriven>, OpsError> {
        let name = name(letter);
        if !self.only.is_empty() && !name.is_some_and(|name| self.only.contains(&name.order)) {
            return Ok(None);
        }
        let (reference, fate, detail) = match name {
            None => (None, RedriveResult::of_unnamed(self.discard), "it cannot be read".to_owned()),
            Some(name) => self.order(name).await?,
        };
        Ok(Some(Redriven {
            fate,
            detail,
            about: reference.clone().unwrap_or_else(|| "-".to_owned()),
            fields: fields([("order", json!(name.map(|name| name.order))), ("reference", json!(reference))]),
        }))
    }
}

impl Work<'_> {
    /// Deals with the order of a letter, which then may be deleted or stays.
    async fn order(&mut self, name: OrderRef) -> Result<(Option<String>, RedriveResult, String), OpsError> {
        let order = match self.service.store.order(name.order).await {
            Ok(Some(order)) => order,
            Ok(None) => {
                let detail = format!("there is no order {}", name.order);
                return Ok((None, RedriveResult::of_unnamed(self.discard), detail));
            }
            // One order that cannot be read must not keep the others from being redriven.
            Err(PortError::Corrupt(cause)) => return Ok((None, RedriveResult::Troubled, cause)),
            Err(cause) => return Err(cause.into()),
        };
        let reference = Some(order.reference().to_string());
        let (fate, detail) = self.decide(order, name).await?;
        Ok((reference, fate, detail))
    }

    async fn decide(&mut self, order: WorkOrder, name: OrderRef) -> Result<(RedriveResult, String), OpsError> {
        let mut status = order.status();
        // Of a canceled order, the provisioner may still have to be told to switch its lines off.
        let mut for_the_queue = order.open_as() == Some(Status::Queued) || status == Status::Provisioning;
        if status == Status::Failed {
            match operator::retry(&self.service, &self.by, order).await {
                Ok(recorded) => {
                    self.done.insert(name.order);
                    return Ok(match recorded.send_failed {
                        None => (RedriveResult::Queued, String::new()),
                        // Queued it is; the next run sends it and deletes the letter, if the sweep is not faster.
                        Some(cause) => (RedriveResult::Troubled, self.context.connection.sentence(&cause)),
                    });
                }
                // Somebody else was faster: as the order is now.
                Err(OrderRefusal::WrongState(now)) => {
                    status = now;
                    for_the_queue = matches!(now, Status::Queued | Status::Provisioning);
                }
                Err(refusal) => return Err(refusal.into()),
            }
        }
        if for_the_queue && self.done.insert(name.order) {
            self.service.queue.send(name).await?;
            return Ok((RedriveResult::Sent, format!("it was {status} already")));
        }
        Ok((RedriveResult::Needless, format!("it is {status}")))
    }
}
