//! `ops orders list`. Nothing is scanned: a customer's orders and the orders that wait are in indexes, all others are read
//! down from the last number.

use clap::Args;
use serde_json::{Value, json};
use shared::{
    aws::dynamodb::DynamoDb,
    domain::{
        email::Email,
        ids::WorkOrderId,
        status::Status,
        time::{Timestamp, to_wire},
        work_order::WorkOrder,
    },
    ports::{Cursor, OpenOrders, OrderRef, Orders},
    use_case::orders::list_orders::{self, list_orders},
};

use super::{named::status, show::summary};
use crate::{
    context::Context,
    error::{Ended, OpsError},
    mask::Reveal,
    output::{Tone, plain},
    time::When,
};

/// Orders that are looked at for one list. Beyond them it says where to go on.
const LOOKED_AT: u64 = 10_000;
/// Orders read at once.
const STRIDE: usize = 50;
/// Numbers are leased in blocks that are held for two minutes at most: an order may stand among slightly younger ones.
const LEASE_MINUTES: i64 = 5;

/// Which orders to list.
#[derive(Args)]
pub struct ListOrders {
    /// Only orders in this state; several, by commas
    #[arg(long, value_name = "STATUS", value_parser = status, value_delimiter = ',')]
    status: Vec<Status>,
    /// Only this customer's orders
    #[arg(long, value_name = "EMAIL", value_parser = email)]
    email: Option<Email>,
    /// Only orders made since then: a day, a time, or how long ago, such as `2h` or `7days`
    #[arg(long, value_name = "WHEN", value_parser = When::parse)]
    since: Option<When>,
    /// Only orders with lower numbers: where an earlier list ended
    #[arg(long, value_name = "NUMBER", conflicts_with = "email")]
    below: Option<u64>,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Show private fields
    #[arg(long)]
    reveal: bool,
}

/// An e-mail address.
pub(crate) fn email(text: &str) -> Result<Email, String> {
    Email::parse(text).ok_or_else(|| "must be an e-mail address such as john@example.com".to_owned())
}

/// Orders, and the number to go on below where the list ended for another reason than that there are no more.
type Listed = (Vec<WorkOrder>, Option<u64>);

pub(super) async fn run(context: &Context, wanted: ListOrders) -> Result<Ended, OpsError> {
    let since = wanted.since.map(|since| since.ago(context.now()));
    let store = context.store();
    let in_index = !wanted.status.is_empty() && wanted.status.iter().all(|status| status.is_open());
    let (orders, below) = if wanted.email.is_none() && in_index {
        waiting(&store, &wanted, since).await?
    } else {
        by_number(&store, &wanted, since).await?
    };
    let reveal = Reveal(wanted.reveal);
    if context.out.json {
        let orders: Vec<Value> = orders.iter().map(|order| summary(order, reveal)).collect();
        context.out.value(&json!({ "orders": orders, "below": below }));
        return Ok(Ended::Done);
    }
    if orders.is_empty() {
        context.out.line("There are no such orders.");
    } else {
        let rows = orders.iter().map(|order| {
            vec![
                plain(order.reference()),
                (order.status().to_string(), Tone::of(order.status())),
                plain(to_wire(order.created_at)),
                plain(reveal.email(order.customer.email.as_str())),
                plain(order.currency.format(order.order_total())),
                plain(order.currency.format(order.balance_due())),
                plain(&order.shop),
            ]
        });
        context.out.table(&["ORDER", "STATUS", "CREATED", "CUSTOMER", "TOTAL", "DUE", "SHOP"], rows.collect());
    }
    if let Some(below) = below {
        context.out.remark(format!("There may be more: --below {below}"));
    }
    Ok(Ended::Done)
}

/// From the index of the orders that wait for somebody.
async fn waiting(store: &DynamoDb, wanted: &ListOrders, since: Option<Timestamp>) -> Result<Listed, OpsError> {
    let mut names: Vec<OrderRef> = Vec::new();
    for status in &wanted.status {
        let open = store.open_orders(*status, Timestamp::MAX_UTC, u32::MAX).await?;
        names.extend(open.into_iter().map(|open| open.name));
    }
    names.retain(|name| wanted.below.is_none_or(|below| name.number.0 < below));
    names.sort_unstable_by_key(|name| std::cmp::Reverse(name.number));
    names.dedup();
    let limit = usize::from(wanted.limit);
    let mut orders = Vec::new();
    for names in names.chunks(STRIDE) {
        for loaded in store.load(names).await? {
            // The index may lag behind the order.
            let Some(order) = loaded.order?.filter(|order| fits(order, wanted, since)) else { continue };
            if orders.len() == limit {
                let below = orders.last().map(|last: &WorkOrder| last.number.0);
                return Ok((orders, below));
            }
            orders.push(order);
        }
    }
    Ok((orders, None))
}

/// Down the numbers, or a customer's orders.
async fn by_number(store: &DynamoDb, wanted: &ListOrders, since: Option<Timestamp>) -> Result<Listed, OpsError> {
    let mut query = list_orders::ListOrders {
        limit: 100,
        after: wanted.below.map(|below| Cursor::Number(WorkOrderId(below))),
        // With a time, every order is looked at: one that does not fit may be the one that says it is far enough.
        statuses: if since.is_some() { Vec::new() } else { wanted.status.clone() },
        customer: wanted.email.clone(),
    };
    let limit = usize::from(wanted.limit);
    let mut orders: Vec<WorkOrder> = Vec::new();
    let mut first = None;
    loop {
        let page = list_orders(store, &query).await?;
        for order in page.orders {
            let margin = chrono::Duration::minutes(LEASE_MINUTES);
            if since.is_some_and(|since| order.created_at < since - margin) {
                return Ok((orders, None));
            }
            if !fits(&order, wanted, since) {
                continue;
            }
            if orders.len() == limit {
                let below = orders.last().map(|last| last.number.0).filter(|_| wanted.email.is_none());
                return Ok((orders, below));
            }
            orders.push(order);
        }
        match page.next {
            None => return Ok((orders, None)),
            Some(Cursor::Number(number)) => {
                let first = *first.get_or_insert(number.0);
                if first.saturating_sub(number.0) >= LOOKED_AT {
                    return Ok((orders, Some(number.0)));
                }
                query.after = page.next;
            }
            next => query.after = next,
        }
    }
}

fn fits(order: &WorkOrder, wanted: &ListOrders, since: Option<Timestamp>) -> bool {
    (wanted.status.is_empty() || wanted.status.contains(&order.status()))
        && since.is_none_or(|since| order.created_at >= since)
}
