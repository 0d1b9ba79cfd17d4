//! What must hold whatever happened, written from the contract and not from the code.

mod change;
mod events;
mod lines;
mod orders;
mod payments;
mod provisioner;

use std::collections::BTreeMap;

use shared::domain::{status::Status, work_order::WorkOrder};

pub(crate) use self::{change::change, events::told};
use crate::{
    actors::{Told, waits_for_an_operator},
    requests::{Ask, Reply},
    scenario::Scenario,
    scheduler::Run,
};

/// Holds a run that came to its end against all of it: everything comes to rest first.
pub(crate) fn check(scenario: &Scenario, run: &Run) -> Result<(), String> {
    scenario.settle(&run.world);
    at_rest(scenario, run)?;
    everything_said_is_true(scenario, run)?;
    // Whoever asked again has changed nothing; nor does the provisioner when it hears everything once more.
    run.world.repeat_messages();
    at_rest(scenario, run)
}

fn at_rest(scenario: &Scenario, run: &Run) -> Result<(), String> {
    let world = &run.world;
    if let Some(broken) = world.state().broken.first() {
        return Err(broken.clone());
    }
    let mut orders = world.memory.all_orders();
    orders.sort_by_key(|order| order.number);
    orders::each_once(scenario, run, &orders)?;
    for order in &orders {
        finished(scenario, run, order).map_err(|what| format!("{order:?}: {what}"))?;
        payments::add_up(scenario, run, order).map_err(|what| format!("{order:?}: {what}"))?;
    }
    let lines = world.memory.all_lines();
    lines::as_bought(scenario, &orders, &lines)?;
    if scenario.provisioner {
        provisioner::agrees(run, &orders, &lines)?;
    }
    if scenario.streams() {
        events::received(run)?;
    }
    let state = world.state();
    if !state.queue.waiting.is_empty() {
        return Err(format!("{} messages are never done with", state.queue.waiting.len()));
    }
    if !state.queue.dead.is_empty() && !scenario.may_fail {
        return Err("a message rests in the dead letters".to_owned());
    }
    Ok(())
}

/// The index `open` holds an order as long as somebody is to act on it: after everything came to rest, only operators are.
fn finished(scenario: &Scenario, run: &Run, order: &WorkOrder) -> Result<(), String> {
    let status = order.status();
    if order.open_as().is_some_and(|status| !waits_for_an_operator(status)) {
        return Err("it is still open, and nobody acts on it".to_owned());
    }
    if status == Status::Failed && !scenario.may_fail && !provisioner::refused(run, order) {
        return Err(format!("it failed: {:?}", order.failure));
    }
    let reason = order.failure.is_some();
    if status == Status::Failed && !reason || reason && matches!(status, Status::Queued | Status::Completed) {
        return Err("failed and its reason do not go together".to_owned());
    }
    Ok(())
}

/// Every final answer still stands: sent again, each request gets it again, and changes nothing.
fn everything_said_is_true(scenario: &Scenario, run: &Run) -> Result<(), String> {
    let mut first: BTreeMap<(uuid::Uuid, u8), &str> = BTreeMap::new();
    for told in &run.told {
        match told {
            Told::Client(request, reply) => {
                let kind = match &request.ask {
                    Ask::Complete(_) => 0,
                    Ask::Create(_) => 1,
                    Ask::Submit(_) => continue,
                    Ask::CompletePending(..) => 2,
                };
                if let Reply::Done(body) = reply
                    && *first.entry((request.order, kind)).or_insert(body) != body
                {
                    return Err(format!("two answers to the same: {body}"));
                }
            }
            Told::Operator(uuid, act, done) => orders::act_stands(scenario, run, *uuid, *act, *done)?,
        }
    }
    for told in &run.told {
        let Told::Client(request, reply) = told else { continue };
        match reply {
            Reply::Later => return Err("a client was never answered".to_owned()),
            Reply::Refused { why, .. } if scenario.refusals.iter().any(|allowed| why.starts_with(allowed)) => {}
            Reply::Refused { why, .. } => return Err(format!("refused: {why}")),
            Reply::Done(body) => {
                orders::answer_stands(scenario, run, request, body)?;
                if matches!(request.ask, Ask::Submit(_)) && !payments::is_last(run, request) {
                    // Only of the payment that was recorded last is a copy known.
                    continue;
                }
                let before = run.world.contents();
                let again = scenario.resend(&run.world, request);
                let stands = match (&request.ask, &again) {
                    // A submitted payment that others have followed, and a completion without a key, are refused.
                    (Ask::Submit(_), Reply::Refused { .. }) => true,
                    // What an operator has set right since shows in the sums.
                    (Ask::Submit(_), Reply::Done(_)) if payments::is_corrected(scenario, request.order) => true,
                    (Ask::CompletePending(..), Reply::Refused { .. }) => request.header.is_none(),
                    // So is what an operator has called off since.
                    (Ask::Complete(_), Reply::Refused { .. }) => orders::is_canceled(run, request.order),
                    (_, again) => *again == Reply::Done(body.clone()),
                };
                if !stands {
                    return Err(format!("{body} was answered, and now: {again:?}"));
                }
                if run.world.contents() != before {
                    return Err(format!("asked for again, {body} changed something"));
                }
            }
        }
    }
    Ok(())
}
