//! The index of open orders.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    DynamoDb,
    layout::{Item, OPEN_INDEX, OPEN_KEY, OPEN_PARTS, OPEN_SORT, PK, open_key},
};
use crate::aws::error::call_error;
use crate::{
    domain::{
        ids::WorkOrderId,
        status::Status,
        time::{Timestamp, to_sortable},
    },
    ports::{OpenOrder, OpenOrders, OrderRef, PortError},
};

/// Parts asked for at once.
const MAX_CONCURRENT: usize = 8;

impl OpenOrders for DynamoDb {
    async fn open_orders(&self, status: Status, before: Timestamp, limit: u32) -> Result<Vec<OpenOrder>, PortError> {
        let parts = stream::iter((0..OPEN_PARTS).map(|part| self.part(status, part, before, limit)));
        let parts: Vec<Vec<OpenOrder>> = parts.buffer_unordered(MAX_CONCURRENT).try_collect().await?;
        Ok(parts.into_iter().flatten().collect())
    }
}

impl DynamoDb {
    async fn part(&self, status: Status, part: u8, before: Timestamp, limit: u32) -> Result<Vec<OpenOrder>, PortError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut open = Vec::new();
        let mut from: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let page = self
                .0
                .client
                .query()
                .table_name(&self.0.table)
                .index_name(OPEN_INDEX)
                .key_condition_expression("#open = :open AND #since <= :before")
                .expression_attribute_names("#open", OPEN_KEY)
                .expression_attribute_names("#since", OPEN_SORT)
                .expression_attribute_values(":open", AttributeValue::S(open_key(status, part)))
                .expression_attribute_values(":before", AttributeValue::S(to_sortable(before)))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| call_error("Query", &error))?;
            // Orders in back-off must not take the places of those that are due.
            let due = |entry: &OpenOrder| entry.next_attempt_at.is_none_or(|at| at <= before);
            open.extend(page.items.unwrap_or_default().iter().filter_map(entry).filter(due));
            from = page.last_evaluated_key;
            if from.is_none() || open.len() >= limit {
                open.truncate(limit);
                return Ok(open);
            }
        }
    }
}

fn entry(item: &Item) -> Option<OpenOrder> {
    let order = item.get(PK)?.as_s().ok()?.strip_prefix("order#")?.parse().ok()?;
    let number = WorkOrderId(item.get("number")?.as_n().ok()?.parse().ok()?);
    let next_attempt_at = item.get("next_attempt_at").and_then(|value| value.as_s().ok()?.parse().ok());
    Some(OpenOrder { name: OrderRef { order, number }, next_attempt_at })
}
