//! Lines: exactly those that completed orders bought, each renewal once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Months, NaiveDateTime, Utc};
use serde_json::Value;

use crate::{
    Findings,
    items::{Table, list, number, text},
};

fn time(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok()
}

pub(crate) fn check(table: &Table<'_>, seed: &Value, findings: &mut Findings) {
    let mut expected: BTreeSet<u64> = BTreeSet::new();
    let mut renewals: BTreeMap<u64, BTreeMap<String, u32>> = BTreeMap::new();
    for (uuid, order) in table.orders.iter().filter(|(_, order)| text(&order["status"]) == "completed") {
        let mut unit = 0;
        for (place, item) in list(&order["cart"]).iter().map(|item| &item["M"]).enumerate() {
            let line = number(&item["activation_id"]);
            let qty = number(&item["qty"]);
            let mut names = vec![format!("line{line}")];
            if line == 0 {
                names = (0..qty)
                    .map(|_| {
                        unit += 1;
                        let id = number(&order["number"]) * 100 + unit;
                        expected.insert(id);
                        made(table, (uuid, unit, id), item, order, findings);
                        format!("line{id}")
                    })
                    .collect();
            } else {
                let months = u32::try_from(number(&item["duration_months"]) * qty).unwrap_or(u32::MAX);
                renewals.entry(line).or_default().insert(format!("{uuid}/{}", place + 1), months);
                findings.renewals += 1;
            }
            let linked: Vec<&str> = list(&item["linked_usernames"]).iter().map(text).collect();
            if linked != names {
                findings.wrong(format!("{uuid}: it names {linked:?} for {names:?}"));
            }
        }
    }
    let seeded = seed["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
    for line in seeded {
        let id = line["activation_id"].as_u64().unwrap_or_default();
        expected.insert(id);
        renewed(table, id, line, &renewals.remove(&id).unwrap_or_default(), findings);
    }
    for line in table.lines.keys().filter(|id| !expected.contains(id)) {
        findings.wrong(format!("line {line}: nobody bought it"));
    }
}

/// The line of one unit of an order.
fn made(table: &Table<'_>, (uuid, unit, id): (&str, u64, u64), item: &Value, order: &Value, findings: &mut Findings) {
    let Some(line) = table.lines.get(&id) else {
        findings.wrong(format!("{uuid}: its line {id} is not there"));
        return;
    };
    findings.made += 1;
    let origin = &line["origin"]["M"];
    if text(&origin["order"]) != uuid || number(&origin["unit"]) != unit {
        findings.wrong(format!("line {id}: it is another order's"));
    }
    let same = |name: &str| number(&line[name]) == number(&item[name]);
    if text(&line["customer_email"]) != text(&order["customer"]["M"]["email"]) {
        findings.wrong(format!("line {id}: it is another customer's"));
    }
    if !same("product_id") || !same("connections") || text(&line["status"]) != "active" || number(&line["version"]) != 1
    {
        findings.wrong(format!("line {id}: not what was bought"));
    }
    let months = Months::new(u32::try_from(number(&item["duration_months"])).unwrap_or(u32::MAX));
    let start = time(text(&order["queued_at"]));
    let end = start.and_then(|start| start.checked_add_months(months));
    if start.is_none() || time(text(&line["starts_at"])) != start || time(text(&line["expires_at"])) != end {
        findings.wrong(format!("line {id}: not the months that were bought"));
    }
}

/// A line that was there before.
fn renewed(table: &Table<'_>, id: u64, seed: &Value, renewals: &BTreeMap<String, u32>, findings: &mut Findings) {
    let Some(line) = table.lines.get(&id) else {
        findings.wrong(format!("line {id} is gone"));
        return;
    };
    let applied: BTreeSet<&str> = list(&line["applied"]).iter().map(text).collect();
    let bought: BTreeSet<&str> = renewals.keys().map(String::as_str).collect();
    if applied != bought {
        findings.wrong(format!("line {id}: {applied:?} were applied, {bought:?} were bought"));
    }
    if number(&line["version"]) != 1 + bought.len() as u64 {
        findings.wrong(format!("line {id}: it was written {} times", number(&line["version"]) - 1));
    }
    let first = seed["expires_at"].as_str().unwrap_or_default();
    let first = NaiveDateTime::parse_from_str(first, "%Y-%m-%d %H:%M:%S").ok();
    let until = first.and_then(|first| first.and_utc().checked_add_months(Months::new(renewals.values().sum())));
    if until.is_none() || time(text(&line["expires_at"])) != until {
        findings.wrong(format!("line {id}: it ends {}, and not {until:?}", text(&line["expires_at"])));
    }
}
