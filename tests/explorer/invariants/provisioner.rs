//! The provisioner: it serves what the ledger says, and was told each effect in one way.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::domain::{
    activation::Activation,
    cart::Intent,
    effect::EffectKind,
    password::Password,
    provisioner::ActivationValues,
    status::{ActivationStatus, Status},
    work_order::WorkOrder,
};

use crate::{
    scheduler::Run,
    world::provisioner::{Heard, TestProvisioner},
};

/// Did the provisioner refuse something for this order?
pub(super) fn refused(run: &Run, order: &WorkOrder) -> bool {
    run.world.state().provisioner.heard.values().any(|heard| heard.order == order.uuid && heard.refused)
}

pub(super) fn agrees(run: &Run, orders: &[WorkOrder], lines: &[Activation]) -> Result<(), String> {
    let provisioner = run.world.state().provisioner.clone();
    for line in lines {
        may_be_left(orders, line)?;
        line_agrees(&provisioner, line)
            .map_err(|what| format!("{line:?}: {what}; the provisioner has {:?}", provisioner.lines.get(&line.id.0)))?;
    }
    if let Some(id) = provisioner.lines.keys().find(|id| lines.iter().all(|line| line.id.0 != **id)) {
        return Err(format!("the provisioner serves line {id}, which nobody knows"));
    }
    // An effect has several messages only where another order's took its place in between.
    let mut messages: BTreeMap<(uuid::Uuid, u64, &str), usize> = BTreeMap::new();
    for (id, heard) in &provisioner.heard {
        let effect = id.rsplit_once("-r").map(|(effect, _)| effect).ok_or("a message without a revision")?;
        *messages.entry((heard.order, heard.line, effect)).or_default() += 1;
    }
    for ((_, line, effect), many) in messages {
        let others: BTreeSet<_> =
            provisioner.heard.values().filter(|heard| heard.line == line).map(|heard| heard.order).collect();
        if many > others.len() {
            return Err(format!("{effect} was told in {many} messages"));
        }
    }
    orders
        .iter()
        .filter(|order| order.status() == Status::Completed)
        .try_for_each(|order| was_done(&provisioner, order))
}

/// Nothing is under way any more, but for what an order that failed may have sent again, or what nobody undoes.
fn may_be_left(orders: &[WorkOrder], line: &Activation) -> Result<(), String> {
    let Some(reserved) = line.provisioner.reserved.as_deref() else { return Ok(()) };
    let order = orders.iter().find(|order| order.uuid == reserved.order);
    let ended = match order.map(WorkOrder::status) {
        Some(Status::Failed) => true,
        Some(Status::Canceled) => matches!(reserved.kind, EffectKind::Renew | EffectKind::Upgrade),
        _ => false,
    };
    if ended { Ok(()) } else { Err(format!("{line:?}: {reserved:?} is never done, and {order:?}")) }
}

/// Every effect of a completed order was done by the provisioner.
fn was_done(provisioner: &TestProvisioner, order: &WorkOrder) -> Result<(), String> {
    if order.created_status == Status::Completed {
        return Ok(());
    }
    for (effect, intent) in
        [("create", Intent::NewActivation), ("renew", Intent::Renewal), ("upgrade", Intent::TrialUpgrade)]
    {
        let items = order.cart.iter().filter(|item| item.intent == intent);
        let bought: u32 = items.map(|item| if intent == Intent::NewActivation { item.qty } else { 1 }).sum();
        let done: BTreeSet<&str> = provisioner
            .heard
            .iter()
            .filter(|(_, heard)| heard.order == order.uuid && heard.effect == effect && heard.done.is_some())
            .filter_map(|(id, _)| id.rsplit_once("-r").map(|(name, _)| name))
            .collect();
        if done.len() != bought as usize {
            return Err(format!("{order:?} bought {bought} times {effect}, and the provisioner did {done:?}"));
        }
    }
    Ok(())
}

/// A line is served as the ledger has it. Where an effect never came to its end, it is served as it was before or after that.
fn line_agrees(provisioner: &TestProvisioner, line: &Activation) -> Result<(), String> {
    let theirs = provisioner.lines.get(&line.id.0);
    let of_line = || provisioner.heard.values().filter(|heard| heard.line == line.id.0);
    let reserved = line.provisioner.reserved.as_deref();
    if let (Some(reserved), Some(theirs)) = (reserved, theirs)
        && provisioner.heard.get(&reserved.id).is_some_and(|heard| heard.done.is_some())
    {
        return same(&reserved.after, theirs);
    }
    if !line.provisioner.notified {
        // Nothing was ever done, but for what was dropped since.
        let dropped = of_line().any(|heard| heard.done.is_some()) && reserved.is_some();
        return if theirs.is_none() || dropped { Ok(()) } else { Err("the ledger does not know of it".to_owned()) };
    }
    let Some(theirs) = theirs else {
        // It was called off before it was made: there is nothing to switch off.
        let never = line.status == ActivationStatus::Suspended
            && of_line().any(|heard| heard.effect == "suspend" && heard.refused);
        return if never { Ok(()) } else { Err("the provisioner does not have it".to_owned()) };
    };
    if of_line().any(|heard| heard.effect == "suspend" && heard.refused) {
        return Ok(());
    }
    // A message that was dropped, and whose successor was refused, is still what is served.
    let last = of_line().filter(|heard| heard.done.is_some()).max_by_key(|heard| heard.revision);
    let dropped = |last: &Heard| last.effect != "create" && !line.applied.iter().any(|name| is_of(name.as_str(), last));
    if reserved.is_some() && last.is_some_and(dropped) {
        return Ok(());
    }
    same(&line.values(), theirs)?;
    if line.username.as_deref() != theirs["username"].as_str()
        || line.provisioner.external_id.as_deref() != theirs["external_id"].as_str()
    {
        return Err("what the provisioner said is not on the line".to_owned());
    }
    let password = line.password.as_ref().map(Password::reveal);
    if line.origin.is_some() && password != theirs["password"].as_str() {
        return Err("another password".to_owned());
    }
    Ok(())
}

/// Is the effect of this name, `<order>/<place>`, of the order of this message?
fn is_of(name: &str, heard: &Heard) -> bool {
    name.starts_with(&heard.order.to_string())
}

fn same(ours: &ActivationValues, theirs: &Value) -> Result<(), String> {
    let until = ours.expires_at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
    for (field, ours) in [
        ("expires_at", until.map_or(Value::Null, Value::from)),
        ("product_id", ours.product_id.0.into()),
        ("connections", ours.connections.into()),
        ("is_trial", ours.is_trial.into()),
        ("status", if ours.status == ActivationStatus::Suspended { "suspended" } else { "active" }.into()),
    ] {
        if theirs[field] != ours {
            return Err(format!("{field} is {} at the provisioner, and {ours} here", theirs[field]));
        }
    }
    Ok(())
}
