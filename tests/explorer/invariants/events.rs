//! Events: one for each change of state that was stored and that somebody is told of, under one id, at least once to every
//! endpoint that wants it, and none for anything else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::domain::{
    event::{EventKind, events},
    status::Status,
    work_order::WorkOrder,
};

use crate::{scheduler::Run, world::events::StreamItem};

/// An event, as infra/docs/webhooks.md has it.
#[derive(Debug, PartialEq, Eq)]
struct LookupKeys {
    id: String,
    kind: &'static str,
    from: Option<Status>,
    to: Status,
}

/// The event of this write.
fn wanted(before: Option<&WorkOrder>, after: &WorkOrder) -> Option<LookupKeys> {
    let (from, to) = (before.map(WorkOrder::status), after.status());
    let kind = match to {
        Status::Queued => "order.queued",
        Status::Completed => "order.completed",
        Status::Failed => "order.failed",
        Status::Canceled => "order.canceled",
        Status::PaymentSubmitted => "payment.submitted",
        Status::Pending | Status::PendingPayment | Status::Provisioning | Status::PaymentFailed => return None,
    };
    let id = format!("evt_{}_{}", after.uuid.simple(), after.version);
    (from != Some(to)).then_some(LookupKeys { id, kind, from, to })
}

/// Is the right event told of each write?
pub(crate) fn told(before: Option<&WorkOrder>, after: &WorkOrder) -> Result<(), String> {
    let told: Vec<LookupKeys> = events(before, after)
        .into_iter()
        .map(|event| LookupKeys { id: event.id, kind: event.kind.as_str(), from: event.from, to: event.to })
        .collect();
    let wanted: Vec<LookupKeys> = wanted(before, after).into_iter().collect();
    if told == wanted { Ok(()) } else { Err(format!("{after:?} after {before:?}: {told:?} is told, not {wanted:?}")) }
}

/// Has everybody been told what was to be told, and nothing else?
pub(super) fn received(run: &Run) -> Result<(), String> {
    let state = run.world.state();
    if state.published != state.stream.len() {
        return Err("the stream is never read to its end".to_owned());
    }
    if !state.events.waiting.is_empty() || !state.events.dead.is_empty() {
        return Err("events are never done with".to_owned());
    }
    for (place, item) in state.stream.iter().enumerate() {
        let parked = state.parked.contains(&place.to_string());
        if parked != (*item == StreamItem::RequestError) {
            return Err(format!("record {place} of the stream was put aside, or should have been"));
        }
    }
    // Only what was stored is in here.
    let mut all: BTreeMap<String, (LookupKeys, WorkOrder)> = BTreeMap::new();
    for versions in state.versions.values() {
        for (place, after) in versions.iter().enumerate() {
            let before = place.checked_sub(1).and_then(|place| versions.get(place));
            all.extend(wanted(before, after).map(|event| (event.id.clone(), (event, after.clone()))));
        }
    }
    let mut bodies: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for ((endpoint, id), told) in &state.received {
        let Some((event, order)) = all.get(id) else {
            return Err(format!("{endpoint} was told of {id}, which never was"));
        };
        bodies.entry(id).or_default().extend(told.iter().map(String::as_str));
        for body in told {
            says(event, order, body).map_err(|what| format!("{endpoint} was told {body}: {what}"))?;
        }
    }
    if let Some((id, bodies)) = bodies.iter().find(|(_, bodies)| bodies.len() != 1) {
        return Err(format!("{id} has several bodies: {bodies:?}"));
    }
    for endpoint in &state.endpoints {
        for (id, (event, _)) in &all {
            let kind = EventKind::parse(event.kind).ok_or("an event of no kind")?;
            let wants = !endpoint.disabled && (endpoint.events.is_empty() || endpoint.events.contains(&kind));
            if wants != state.received.contains_key(&(endpoint.id.clone(), id.clone())) {
                return Err(format!("{} was never told of {event:?}, or does not want it", endpoint.id));
            }
        }
    }
    Ok(())
}

/// Does a body say what happened?
fn says(event: &LookupKeys, order: &WorkOrder, body: &str) -> Result<(), String> {
    let body: Value = serde_json::from_str(body).map_err(|_| "no JSON")?;
    let data = &body["data"];
    let name = |status: Option<Status>| status.map_or(Value::Null, |status| status.as_str().into());
    for (field, told, wanted) in [
        ("type", &body["type"], event.kind.into()),
        ("status", &data["status"], name(Some(event.to))),
        ("previous_status", &data["previous_status"], name(event.from)),
        ("version", &data["version"], order.version.into()),
        ("uniqid", &data["uniqid"], order.uuid.to_string().into()),
        ("work_order_id", &data["work_order_id"], order.number.0.into()),
    ] {
        if *told != wanted {
            return Err(format!("{field} is {told}, not {wanted}"));
        }
    }
    Ok(())
}
