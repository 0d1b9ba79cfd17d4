//! Lines: exactly those that were bought, each renewal once, nothing for an order that was not sold.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Months;
use shared::domain::{
    activation::Activation,
    cart::Intent,
    ids::ActivationId,
    status::{ActivationStatus, Status},
    time::Timestamp,
    work_order::WorkOrder,
};
use uuid::Uuid;

use crate::scenario::Scenario;

/// Months that an order adds to a line, and whether it upgrades a trial.
struct Bought {
    months: u32,
    upgrade: bool,
    /// When the order was queued; an operator may have queued it again.
    queued: Vec<Timestamp>,
}

pub(super) fn as_bought(scenario: &Scenario, orders: &[WorkOrder], lines: &[Activation]) -> Result<(), String> {
    let mut made: BTreeSet<(Uuid, u32)> = BTreeSet::new();
    for line in lines {
        let Some(origin) = &line.origin else { continue };
        let order = orders.iter().find(|order| order.uuid == origin.order);
        let order = order.ok_or(format!("{line:?} is of no order"))?;
        new_line(order, line, origin.unit)?;
        made.insert((origin.order, origin.unit));
    }
    for order in orders.iter().filter(|order| order.status() == Status::Completed) {
        let bought = if order.created_status == Status::Completed { 0 } else { units(order).len() };
        let there = made.iter().filter(|(uuid, _)| *uuid == order.uuid).count();
        if there != bought {
            return Err(format!("{order:?} bought {bought} lines and has {there}"));
        }
        if order.created_status != Status::Completed {
            names(scenario, order)?;
        }
    }
    for line in lines.iter().filter(|line| line.origin.is_none()) {
        renewed(scenario, orders, line)?;
    }
    Ok(())
}

/// The cart line of each unit that is to be made, from unit 1 on.
fn units(order: &WorkOrder) -> Vec<usize> {
    let new = order.cart.iter().enumerate().filter(|(_, item)| item.intent == Intent::NewActivation);
    new.flat_map(|(place, item)| vec![place; item.qty as usize]).collect()
}

/// Every time that an order was queued.
fn queued(order: &WorkOrder) -> Vec<Timestamp> {
    order.history().iter().filter(|change| change.to == Status::Queued).map(|change| change.at).collect()
}

fn new_line(order: &WorkOrder, line: &Activation, unit: u32) -> Result<(), String> {
    let refuse = |what: &str| Err(format!("{line:?} of {order:?}: {what}"));
    let Some(item) = units(order).get(unit as usize - 1).and_then(|place| order.cart.get(*place)) else {
        return refuse("nobody bought it");
    };
    let Some(queued) = order.queued_at else { return refuse("its order was never sold") };
    if line.id != ActivationId(order.number.0 * 100 + u64::from(unit)) {
        return refuse("another order's number");
    }
    // What is only reserved at the provisioner serves nobody; so it may stay, if its order failed.
    let reserved = line.status == ActivationStatus::Reserved && order.status() == Status::Failed;
    let wanted =
        if order.status() == Status::Canceled { ActivationStatus::Suspended } else { ActivationStatus::Active };
    if line.status != wanted && !reserved {
        return refuse("it serves, or does not, as its order says");
    }
    // An operator may queue an order anew: then its lines are of one of the times that it was queued.
    let started = self::queued(order).into_iter().find(|at| Some(*at) == line.starts_at);
    let until = started.and_then(|at| at.checked_add_months(Months::new(item.duration_months)));
    if started.is_none() || started > Some(queued) || line.expires_at != until {
        return refuse("other months than were bought");
    }
    if (line.product_id, line.connections) != (item.product_id, item.connections) {
        return refuse("another product than was bought");
    }
    Ok(())
}

/// A completed order says which lines are its.
fn names(scenario: &Scenario, order: &WorkOrder) -> Result<(), String> {
    // The provisioner has names of its own.
    let prefix = if scenario.provisioner { "tv-line" } else { "line" };
    let mut unit = 0;
    for item in &order.cart {
        let wanted: Vec<String> = match item.activation_id {
            Some(id) => vec![format!("{prefix}{id}")],
            None => (0..item.qty)
                .map(|_| {
                    unit += 1;
                    format!("{prefix}{}", order.number.0 * 100 + unit)
                })
                .collect(),
        };
        if item.linked_usernames != wanted {
            return Err(format!("{order:?} names {:?} for {wanted:?}", item.linked_usernames));
        }
    }
    Ok(())
}

/// A line that was there before: each order that bought time for it has added it, once.
fn renewed(scenario: &Scenario, orders: &[WorkOrder], line: &Activation) -> Result<(), String> {
    let Some(first) = Scenario::first_line(line.id) else { return Err(format!("{line:?} is of no order")) };
    let mut bought: BTreeMap<String, Bought> = BTreeMap::new();
    let mut must: BTreeSet<String> = BTreeSet::new();
    for order in orders.iter().filter(|order| order.queued_at.is_some()) {
        for (place, item) in order.cart.iter().enumerate().filter(|(_, item)| item.activation_id == Some(line.id)) {
            let name = format!("{}/{}", order.uuid, place + 1);
            if order.status() == Status::Completed {
                must.insert(name.clone());
            }
            let upgrade = item.intent == Intent::TrialUpgrade;
            let queued = queued(order);
            bought.insert(name, Bought { months: item.duration_months * item.qty, upgrade, queued });
        }
    }
    let applied: BTreeSet<String> = line.applied.iter().map(|name| name.as_str().to_owned()).collect();
    if !applied.is_superset(&must) || applied.iter().any(|name| !bought.contains_key(name)) {
        return Err(format!("{line:?}: {applied:?} were applied of {must:?}"));
    }
    // With a provisioner each is reserved first, and what is reserved may give way.
    let writes = line.version - first.version;
    let count = applied.len() as u64;
    if if scenario.provisioner { writes < 2 * count } else { writes != count } {
        return Err(format!("{line:?} was written {} times for {} renewals", line.version - 1, applied.len()));
    }
    let applied: Vec<&Bought> = applied.iter().filter_map(|name| bought.get(name)).collect();
    if possible(&first, &applied).contains(&line.expires_at) {
        Ok(())
    } else {
        Err(format!("{line:?}: not the months that were bought"))
    }
}

/// When a line may end after these, in whatever order they came.
fn possible(first: &Activation, applied: &[&Bought]) -> Vec<Option<Timestamp>> {
    fn go(until: Option<Timestamp>, trial: bool, left: &[&Bought], ends: &mut Vec<Option<Timestamp>>) {
        if left.is_empty() {
            ends.push(until);
        }
        for place in 0..left.len() {
            let mut rest = left.to_vec();
            let next = rest.remove(place);
            for queued in &next.queued {
                let start = until.map(|until| if trial && next.upgrade { *queued } else { until.max(*queued) });
                go(start.and_then(|start| start.checked_add_months(Months::new(next.months))), false, &rest, ends);
            }
        }
    }
    let mut ends = Vec::new();
    go(first.expires_at, first.is_trial, applied, &mut ends);
    ends
}
