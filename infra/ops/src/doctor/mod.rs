//! `ops doctor`: can everything be reached, and is anything stuck?

use aws_sdk_dynamodb::types::{IndexStatus, PointInTimeRecoveryStatus, TableStatus, TimeToLiveStatus};
use chrono::Duration;
use serde_json::{Value, json};
use shared::{
    aws::{
        dynamodb::layout::{CUSTOMER_INDEX, OPEN_INDEX},
        error::call_error,
    },
    domain::{status::Status, time::Timestamp},
    ports::{Catalogue, OpenOrders, OrderRef, Orders, PortError},
    use_case::operator::api_keys,
};

use crate::{
    context::Context,
    error::{Ended, OpsError},
    output::{Tone, plain},
};

mod finding;
mod queues;

use finding::{Finding, State, finding};

/// An order that has been queued for longer is not on its way: the promise is a minute, and the sweep's first re-send comes
/// after half of one.
const QUEUED_MINUTES: i64 = 5;
/// A customer who says that they have paid expects an answer within a day.
const REVIEW_HOURS: i64 = 24;
/// References that a finding names.
const NAMED: usize = 5;

/// Runs all checks. What cannot be reached does not keep the others from being made.
pub async fn run(context: &Context) -> Result<Ended, OpsError> {
    let mut findings = Vec::new();
    let checks = [table(context).await, settings(context).await, contents(context).await, stuck(context).await];
    for (check, found) in ["table", "table's settings", "keys and catalogue", "orders"].into_iter().zip(checks) {
        findings.extend(told(context, check, found));
    }
    for (check, found) in queues::checks(context).await {
        findings.extend(told(context, check, found));
    }
    let wrong = findings.iter().any(|finding| finding.state == State::Wrong);
    if context.out.json {
        let checks: Vec<Value> = findings
            .iter()
            .map(|f| json!({ "check": f.check, "state": f.state.as_str(), "detail": f.detail }))
            .collect();
        context.out.value(&json!({ "ok": !wrong, "checks": checks }));
    } else {
        let rows = findings.into_iter().map(|finding| {
            let tone = match finding.state {
                State::Ok => Tone::Good,
                State::Note => Tone::Waits,
                State::Wrong => Tone::Bad,
            };
            vec![(finding.state.as_str().to_owned(), tone), plain(finding.check), plain(finding.detail)]
        });
        context.out.table(&[], rows.collect());
    }
    Ok(if wrong { Ended::Short } else { Ended::Done })
}

fn told(context: &Context, check: &'static str, found: Result<Vec<Finding>, OpsError>) -> Vec<Finding> {
    found.unwrap_or_else(|error| vec![finding(check, State::Wrong, context.connection.explained(error).to_string())])
}

async fn table(context: &Context) -> Result<Vec<Finding>, OpsError> {
    let connection = &context.connection;
    let described = connection.dynamodb.describe_table().table_name(&connection.table).send().await;
    let described = described.map_err(|error| OpsError::Port(call_error("DescribeTable", &error)))?;
    let table = described.table.ok_or_else(|| OpsError::refused("The table is not described."))?;
    let mut findings = Vec::new();
    let active = table.table_status == Some(TableStatus::Active);
    let state = if active { State::Ok } else { State::Wrong };
    let status = table.table_status.as_ref().map_or("unknown", TableStatus::as_str).to_lowercase();
    findings.push(finding("table", state, format!("{} in {}: {status}", connection.table, connection.region)));
    for name in [OPEN_INDEX, CUSTOMER_INDEX] {
        let index = table.global_secondary_indexes().iter().find(|index| index.index_name() == Some(name));
        findings.push(match index.map(|index| index.index_status()) {
            // What is embedded in the local service does not say how its indexes are.
            Some(Some(IndexStatus::Active) | None) => finding("index", State::Ok, format!("{name}: active")),
            Some(Some(status)) => finding("index", State::Wrong, format!("{name}: {}", status.as_str().to_lowercase())),
            None => finding("index", State::Wrong, format!("{name}: not there")),
        });
    }
    Ok(findings)
}

/// Time to live and recovery. An operator need not be allowed to see them.
async fn settings(context: &Context) -> Result<Vec<Finding>, OpsError> {
    let connection = &context.connection;
    let mut findings = Vec::new();
    let ttl = connection.dynamodb.describe_time_to_live().table_name(&connection.table).send().await;
    match ttl.map(|ttl| ttl.time_to_live_description.and_then(|ttl| ttl.time_to_live_status)) {
        Ok(Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) => {
            findings.push(finding("time to live", State::Ok, "on"));
        }
        Ok(_) => {
            findings.push(finding("time to live", State::Wrong, "off: bindings of idempotency keys stay for ever"));
        }
        Err(error) => findings.push(unseen("time to live", &call_error("DescribeTimeToLive", &error))?),
    }
    if connection.local.is_some() {
        return Ok(findings);
    }
    let backups = connection.dynamodb.describe_continuous_backups().table_name(&connection.table).send().await;
    let status = backups.map(|backups| {
        let description = backups.continuous_backups_description?.point_in_time_recovery_description?;
        description.point_in_time_recovery_status
    });
    match status {
        Ok(Some(PointInTimeRecoveryStatus::Enabled)) => findings.push(finding("recovery", State::Ok, "on")),
        Ok(_) => {
            findings.push(finding("recovery", State::Wrong, "off: the table cannot be restored to a point in time"));
        }
        Err(error) => findings.push(unseen("recovery", &call_error("DescribeContinuousBackups", &error))?),
    }
    Ok(findings)
}

fn unseen(check: &'static str, error: &PortError) -> Result<Finding, OpsError> {
    match error {
        PortError::Call { operation, code } if code.contains("AccessDenied") => {
            Ok(finding(check, State::Note, format!("not looked at: you may not do {operation}")))
        }
        _ => Err(OpsError::Port(error.clone())),
    }
}

async fn contents(context: &Context) -> Result<Vec<Finding>, OpsError> {
    let (store, now) = (context.store(), context.now());
    let count = |check, count: usize, what: &str, remedy: &str| {
        if count > 0 {
            finding(check, State::Ok, format!("{count} {what}"))
        } else {
            finding(check, State::Wrong, format!("none {what}; {remedy}"))
        }
    };
    let working = api_keys::list(&store).await?.iter().filter(|entry| entry.works(now)).count();
    let products = store.products().await?.iter().filter(|product| product.active).count();
    let methods = store.payment_methods().await?.iter().filter(|method| method.active).count();
    Ok(vec![
        count("keys", working, "that work", "make one: ops keys create NAME"),
        count("products", products, "active", "put some in: ops catalogue apply FILE"),
        count("payment methods", methods, "active", "put some in: ops catalogue apply FILE"),
    ])
}

async fn stuck(context: &Context) -> Result<Vec<Finding>, OpsError> {
    let now = context.now();
    let failed = open(context, Status::Failed, Timestamp::MAX_UTC, |_| true).await?;
    let since = now - Duration::minutes(QUEUED_MINUTES);
    let late = |queued_at: Option<Timestamp>| queued_at.is_some_and(|at| at < since);
    let queued = open(context, Status::Queued, Timestamp::MAX_UTC, late).await?;
    let review = open(context, Status::PaymentSubmitted, Timestamp::MAX_UTC, |_| true).await?;
    let old = open(context, Status::PaymentSubmitted, now - Duration::hours(REVIEW_HOURS), |_| true).await?;
    let pending = open(context, Status::Pending, Timestamp::MAX_UTC, |_| true).await?;
    let none = |check, found: &[String], state, what: &str| {
        if found.is_empty() {
            return finding(check, State::Ok, "none");
        }
        let named = found.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = if found.len() > NAMED { ", ..." } else { "" };
        finding(check, state, format!("{}{what}: {named}{more}", found.len()))
    };
    let (reviewed, state, what) = if old.is_empty() {
        (&review, State::Note, " (ops orders approve, or partial)")
    } else {
        (&old, State::Wrong, " for over a day (ops orders approve, or partial)")
    };
    Ok(vec![
        none("failed orders", &failed, State::Wrong, " (ops orders show, then retry)"),
        none("late orders", &queued, State::Wrong, &format!(" queued for over {QUEUED_MINUTES} minutes")),
        none("payments to review", reviewed, state, what),
        none("pending orders", &pending, State::Note, " (ops orders show)"),
    ])
}

/// References of the orders that are in this state now and were last changed before `before`, the lowest number first.
async fn open(
    context: &Context,
    status: Status,
    before: Timestamp,
    also: impl Fn(Option<Timestamp>) -> bool,
) -> Result<Vec<String>, OpsError> {
    let store = context.store();
    let mut names: Vec<OrderRef> =
        store.open_orders(status, before, 1_000).await?.into_iter().map(|open| open.name).collect();
    names.sort_unstable_by_key(|name| name.number);
    let mut found = Vec::new();
    for names in names.chunks(50) {
        for loaded in store.load(names).await? {
            let order = loaded.order?.filter(|order| order.status() == status && also(order.queued_at));
            found.extend(order.map(|order| order.reference().to_string()));
        }
    }
    Ok(found)
}
