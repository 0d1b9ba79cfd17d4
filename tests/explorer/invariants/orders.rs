//! Orders: each that was accepted is there, once, under one number, and stands where everybody was told it stands.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use serde_json::Value;
use shared::{
    domain::{status::Status, work_order::WorkOrder},
    ports::Orders,
};
use uuid::Uuid;

use crate::{
    actors::{Act, Told},
    requests::{Ask, Reply, Request},
    scenario::Scenario,
    scheduler::Run,
};

fn stored(run: &Run, uuid: Uuid) -> Option<WorkOrder> {
    run.world.memory.order(uuid).now_or_never().unwrap().unwrap()
}

pub(super) fn is_canceled(run: &Run, uuid: Uuid) -> bool {
    stored(run, uuid).is_some_and(|order| order.status() == Status::Canceled)
}

/// No order comes from nowhere, none is doubled, no number is used twice, and none is without its number.
pub(super) fn each_once(scenario: &Scenario, run: &Run, orders: &[WorkOrder]) -> Result<(), String> {
    let asked: BTreeSet<Uuid> = scenario.requests().map(|request| request.order).collect();
    let mut shop_orders: BTreeMap<(&str, bool), Uuid> = BTreeMap::new();
    let mut numbers = BTreeSet::new();
    let pointers = run.world.memory.numbers();
    for order in orders {
        if !asked.contains(&order.uuid) {
            return Err(format!("{order:?} was never asked for"));
        }
        if !numbers.insert(order.number) {
            return Err(format!("{order:?}: its number is another order's"));
        }
        if let Some(shop_order) = &order.wc_order_id {
            // create_work_order gives a token out, complete_order does not: two actions, two keys.
            let first = *shop_orders.entry((shop_order, order.token_version.is_some())).or_insert(order.uuid);
            if first != order.uuid {
                return Err(format!("the shop's order {shop_order} was made twice"));
            }
        }
        let pointed = pointers.get(&order.number.0);
        let accepted = run
            .told
            .iter()
            .any(|told| matches!(told, Told::Client(request, Reply::Done(_)) if request.order == order.uuid));
        // Nobody knows of an order whose request was cut off and never came again.
        if pointed != Some(&order.uuid) && (accepted || pointed.is_some() || order.queued_at.is_some()) {
            return Err(format!("{order:?} cannot be found by its number"));
        }
    }
    Ok(())
}

/// What a client was told is so.
pub(super) fn answer_stands(scenario: &Scenario, run: &Run, request: &Request, body: &str) -> Result<(), String> {
    let Some(order) = stored(run, request.order) else { return Err(format!("lost: {body}")) };
    let body: Value = serde_json::from_str(body).unwrap();
    let reference = body["reference_code"].as_str().or(body["id"].as_str());
    if reference != Some(order.reference().to_string().as_str()) {
        return Err(format!("{body} was answered for {order:?}"));
    }
    let sold = order.status().is_sold()
        || order.status() == Status::Canceled && scenario.acts(request.order, |act| act == Act::Cancel);
    match request.ask {
        Ask::Complete(_) | Ask::CompletePending(..) if !sold => Err(format!("completed by {body}, but {order:?}")),
        _ => Ok(()),
    }
}

/// What an operator was told is so.
pub(super) fn act_stands(scenario: &Scenario, run: &Run, uuid: Uuid, act: Act, done: bool) -> Result<(), String> {
    let order = stored(run, uuid).ok_or("an operator's order is lost")?;
    let status = order.status();
    let canceled = status == Status::Canceled;
    if canceled && !scenario.acts(uuid, |act| act == Act::Cancel) {
        return Err(format!("{order:?}: nobody called it off"));
    }
    let stands = match act {
        // One operator calls it off, and is told so, however often it took to hear it.
        Act::Cancel => canceled == done,
        _ if !done => true,
        // Nothing was in its way any more.
        Act::Mend(_) => status == Status::Completed || canceled,
        Act::Approve | Act::Retry => status.is_sold() || canceled,
        Act::Partial(_) => true,
    };
    if stands { Ok(()) } else { Err(format!("{act:?} was done, but {order:?}")) }
}
