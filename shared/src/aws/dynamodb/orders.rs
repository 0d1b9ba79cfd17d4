//! Orders and their number pointers. Every write is conditional; the writer's own change id in the item that made a
//! condition fail tells that the SDK's first attempt took effect, and is then no lost race.

use std::collections::HashSet;

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use uuid::Uuid;

use super::{
    DynamoDb,
    layout::{Item, Key, PK, from_item, order_item},
};
use crate::aws::error::call_error;
use crate::{
    domain::{ids::WorkOrderId, work_order::WorkOrder},
    ports::{Insert, Loaded, OrderRef, Orders, PortError, Save},
};

/// The attribute of a pointer that names the order.
const ORDER: &str = "order";

/// How a conditional put ended.
pub(super) enum Put {
    /// Stored.
    Stored,
    /// The condition failed on this item; none if there was no item.
    Refused(Option<Item>),
}

impl DynamoDb {
    /// Puts `item` if nothing is under its key.
    pub(super) async fn put_new(&self, item: Item) -> Result<Put, PortError> {
        let put = self
            .0
            .client
            .put_item()
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK);
        self.put(put, item).await
    }

    /// Puts `item` if what is under its key has this version.
    pub(super) async fn put_version(&self, item: Item, version: u64) -> Result<Put, PortError> {
        let put = self
            .0
            .client
            .put_item()
            .condition_expression("#version = :version")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()));
        self.put(put, item).await
    }

    pub(super) async fn put(
        &self,
        put: aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder,
        item: Item,
    ) -> Result<Put, PortError> {
        let answer = put
            .table_name(&self.0.table)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(Put::Stored),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(refused)) => Ok(Put::Refused(refused.item.clone())),
                _ => Err(call_error("PutItem", &error)),
            },
        }
    }

    /// The item under `key`, as of now.
    pub(super) async fn get(&self, key: Key) -> Result<Option<Item>, PortError> {
        let answer = self
            .0
            .client
            .get_item()
            .table_name(&self.0.table)
            .set_key(Some(key.into_item()))
            .consistent_read(true)
            .send()
            .await;
        answer.map(|answer| answer.item).map_err(|error| call_error("GetItem", &error))
    }
}

impl Orders for DynamoDb {
    async fn create(&self, order: &mut WorkOrder) -> Result<Insert<WorkOrder>, PortError> {
        let change_id = Uuid::new_v4();
        order.mark(change_id);
        match self.put_new(order_item(order)?).await? {
            Put::Stored => Ok(Insert::Inserted),
            Put::Refused(Some(item)) => {
                let existing: WorkOrder = from_item(item, "order")?;
                // A number is nobody else's, so it too tells the own first attempt, however many changes came since.
                let own = existing.change_ids.contains(&change_id) || existing.number == order.number;
                Ok(if own { Insert::Inserted } else { Insert::AlreadyExists(Box::new(existing)) })
            }
            Put::Refused(None) => {
                Err(PortError::Call { operation: "PutItem", code: "refused without the item".to_owned() })
            }
        }
    }

    async fn put_number_pointer(&self, name: OrderRef) -> Result<(), PortError> {
        let mut item = Key::number(name.number).into_item();
        item.insert(ORDER.to_owned(), AttributeValue::S(name.order.to_string()));
        let answer = self.0.client.put_item().table_name(&self.0.table).set_item(Some(item)).send().await;
        answer.map(|_| ()).map_err(|error| call_error("PutItem", &error))
    }

    async fn order(&self, uuid: Uuid) -> Result<Option<WorkOrder>, PortError> {
        self.get(Key::order(uuid)).await?.map(|item| from_item(item, "order")).transpose()
    }

    async fn order_by_number(&self, number: WorkOrderId) -> Result<Option<WorkOrder>, PortError> {
        let pointer = self.get(Key::number(number)).await?;
        let uuid = pointer.as_ref().and_then(pointer_target);
        // A number nobody has is followed to an order nobody has: the calls do not tell which is there.
        let order = self.order(uuid.unwrap_or(Uuid::nil())).await?;
        Ok(order.filter(|_| uuid.is_some()))
    }

    async fn load(&self, names: &[OrderRef]) -> Result<Vec<Loaded>, PortError> {
        // A message that names a number of another order's must not keep the others from being read: keys must differ.
        let keys: HashSet<Key> =
            names.iter().flat_map(|name| [Key::order(name.order), Key::number(name.number)]).collect();
        let mut items = self.batch_get(keys.into_iter().collect()).await?;
        let load = |name: &OrderRef| {
            let order = items.remove(&Key::order(name.order)).map(|item| from_item(item, "order")).transpose();
            let has_number_pointer = items.contains_key(&Key::number(name.number));
            Loaded { order, has_number_pointer }
        };
        Ok(names.iter().map(load).collect())
    }

    async fn save(&self, order: &mut WorkOrder) -> Result<Save, PortError> {
        let change_id = Uuid::new_v4();
        let version = order.version;
        order.stamp(change_id);
        match self.put_version(order_item(order)?, version).await? {
            Put::Stored => Ok(Save::Saved),
            Put::Refused(item) => {
                let existing: Option<WorkOrder> = item.map(|item| from_item(item, "order")).transpose()?;
                let own = existing.is_some_and(|existing| existing.change_ids.contains(&change_id));
                Ok(if own { Save::Saved } else { Save::Conflict })
            }
        }
    }
}

pub(super) fn pointer_target(item: &Item) -> Option<Uuid> {
    item.get(ORDER)?.as_s().ok()?.parse().ok()
}
