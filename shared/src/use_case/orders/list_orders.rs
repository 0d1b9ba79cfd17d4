//! Orders in pages, newest first.

use crate::{
    domain::{email::Email, ids::WorkOrderId, status::Status, work_order::WorkOrder},
    ports::{Cursor, Listing, OrderPage, PortError},
};

/// Orders that one request looks at, so that a filter that nothing fits ends all the same. The next page goes on there.
const LOOKED_AT: usize = 1_000;
/// Orders read at once.
const STRIDE: u32 = 100;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct ListOrders {
    /// Orders of a page, 1..=100.
    pub limit: usize,
    /// After this place; none: from the newest.
    pub after: Option<Cursor>,
    /// Only orders in one of these states; empty: all.
    pub statuses: Vec<Status>,
    /// Only this customer's.
    pub customer: Option<Email>,
}

/// A page.
#[derive(Debug)]
pub struct ListedOrders {
    /// Its orders.
    pub orders: Vec<WorkOrder>,
    /// Where the next begins; none: this is the last.
    pub next: Option<Cursor>,
}

/// A page of orders. Numbers count up, so a page is read downwards from the last number; an order that is made meanwhile
/// stands before the first page, and moves nothing.
pub async fn list_orders<S: Listing>(store: &S, query: &ListOrders) -> Result<ListedOrders, PortError> {
    let mut page = ListedOrders { orders: Vec::new(), next: query.after.clone() };
    let mut looked_at = 0;
    let mut from = query.after.clone();
    loop {
        let OrderPage { orders, next } = read_page(store, query, from).await?;
        looked_at += usize::try_from(STRIDE).unwrap_or(usize::MAX);
        for (place, order) in orders {
            if page.orders.len() == query.limit {
                // This one is of the next page, which begins after the last of this.
                return Ok(page);
            }
            if query.statuses.is_empty() || query.statuses.contains(&order.status()) {
                page.orders.push(order);
            }
            page.next = Some(place);
        }
        page.next.clone_from(&next);
        from = next;
        if from.is_none() || looked_at >= LOOKED_AT {
            return Ok(page);
        }
    }
}

/// The next orders after `from`, with their places; and where it goes on, if it does.
async fn read_page<S: Listing>(store: &S, query: &ListOrders, from: Option<Cursor>) -> Result<OrderPage, PortError> {
    if let Some(customer) = &query.customer {
        return store.orders_of_customer(customer, from, STRIDE).await;
    }
    let below = match from {
        Some(Cursor::Number(number)) => number,
        _ => store.next_number().await?,
    };
    let lowest = WorkOrderId(below.0.saturating_sub(u64::from(STRIDE)).max(1));
    let orders = store.orders_numbered(lowest, below).await?;
    let placed = orders.into_iter().map(|order| (Cursor::Number(order.number), order)).collect();
    Ok(OrderPage { orders: placed, next: (lowest.0 > 1).then_some(Cursor::Number(lowest)) })
}
