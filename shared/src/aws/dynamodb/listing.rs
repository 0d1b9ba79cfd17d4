//! Orders in lists: by number through the pointers, by customer through the index.

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::{
    DynamoDb,
    layout::{CUSTOMER_INDEX, CUSTOMER_KEY, CUSTOMER_SORT, Item, Key, PK, from_item},
    numbers::FIRST,
    orders::pointer_target,
};
use crate::aws::error::call_error;
use crate::{
    domain::{
        email::Email,
        ids::WorkOrderId,
        time::{Timestamp, to_sortable},
        work_order::WorkOrder,
    },
    ports::{Cursor, Listing, OrderPage, PortError},
};

impl Listing for DynamoDb {
    async fn next_number(&self) -> Result<WorkOrderId, PortError> {
        let item = self.get(Key::sequence()).await?;
        let next = item.and_then(|item| item.get("next")?.as_n().ok()?.parse().ok());
        Ok(WorkOrderId(next.unwrap_or(FIRST)))
    }

    async fn orders_numbered(&self, lowest: WorkOrderId, below: WorkOrderId) -> Result<Vec<WorkOrder>, PortError> {
        let pointers =
            self.batch_get((lowest.0..below.0).map(|number| Key::number(WorkOrderId(number))).collect()).await?;
        let uuids: Vec<Uuid> = pointers.values().filter_map(pointer_target).collect();
        let mut orders = self.orders_of(&uuids).await?;
        orders.sort_unstable_by_key(|order| std::cmp::Reverse(order.number));
        Ok(orders)
    }

    async fn orders_of_customer(
        &self,
        customer: &Email,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<OrderPage, PortError> {
        let customer = customer.normalized();
        let page = self
            .0
            .client
            .query()
            .table_name(&self.0.table)
            .index_name(CUSTOMER_INDEX)
            .key_condition_expression("#customer = :customer")
            .expression_attribute_names("#customer", CUSTOMER_KEY)
            .expression_attribute_values(":customer", AttributeValue::S(customer.clone()))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.and_then(|place| start_key(&customer, &place)))
            .send()
            .await
            .map_err(|error| call_error("Query", &error))?;
        let places: Vec<Cursor> = page.items.unwrap_or_default().iter().filter_map(place).collect();
        let uuids: Vec<Uuid> = places.iter().filter_map(uuid_of).collect();
        let mut orders = self.orders_of(&uuids).await?;
        let mut listed = Vec::with_capacity(places.len());
        for place in places {
            if let Some(index) = orders.iter().position(|order| Some(order.uuid) == uuid_of(&place)) {
                listed.push((place, orders.swap_remove(index)));
            }
        }
        Ok(OrderPage { orders: listed, next: page.last_evaluated_key.as_ref().and_then(place) })
    }
}

impl DynamoDb {
    async fn orders_of(&self, uuids: &[Uuid]) -> Result<Vec<WorkOrder>, PortError> {
        let items = self.batch_get(uuids.iter().copied().map(Key::order).collect()).await?;
        items.into_values().map(|item| from_item(item, "order")).collect()
    }
}

/// The place of an entry of the customer index.
fn place(item: &Item) -> Option<Cursor> {
    let created_at: Timestamp = item.get(CUSTOMER_SORT)?.as_s().ok()?.parse().ok()?;
    let order = item.get(PK)?.as_s().ok()?.strip_prefix("order#")?.parse().ok()?;
    Some(Cursor::OfCustomer { created_at, order })
}

fn uuid_of(place: &Cursor) -> Option<Uuid> {
    match place {
        Cursor::OfCustomer { order, .. } => Some(*order),
        Cursor::Number(_) => None,
    }
}

/// The index's key of a place, from which a query goes on.
fn start_key(customer: &str, place: &Cursor) -> Option<Item> {
    let Cursor::OfCustomer { created_at, order } = place else { return None };
    let mut key = Key::order(*order).into_item();
    key.insert(CUSTOMER_KEY.to_owned(), AttributeValue::S(customer.to_owned()));
    key.insert(CUSTOMER_SORT.to_owned(), AttributeValue::S(to_sortable(*created_at)));
    Some(key)
}
