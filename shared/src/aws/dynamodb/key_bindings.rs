//! Bindings of idempotency keys.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    DynamoDb,
    layout::{EXPIRES, Key, PK, from_item, to_item},
    orders::Put,
};
use crate::{
    domain::{
        key_binding::KeyBinding,
        time::{Timestamp, to_sortable},
    },
    ports::{Insert, KeyBindings, PortError},
};

/// The attribute that says until when a binding holds, in a form that sorts.
const UNTIL: &str = "expires_at";

impl KeyBindings for DynamoDb {
    async fn bind_key(
        &self,
        name: &str,
        binding: &KeyBinding,
        now: Timestamp,
    ) -> Result<Insert<KeyBinding>, PortError> {
        let mut item = to_item(Key::key_binding(name), binding)?;
        item.insert(UNTIL.to_owned(), AttributeValue::S(to_sortable(binding.expires_at)));
        item.insert(EXPIRES.to_owned(), AttributeValue::N(binding.expires_at.timestamp().to_string()));
        let put = self
            .0
            .client
            .put_item()
            .condition_expression("attribute_not_exists(#pk) OR #until <= :now")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":now", AttributeValue::S(to_sortable(now)));
        match self.put(put, item).await? {
            Put::Stored => Ok(Insert::Inserted),
            Put::Refused(Some(item)) => Ok(Insert::AlreadyExists(Box::new(from_item(item, "claim")?))),
            Put::Refused(None) => {
                Err(PortError::Call { operation: "PutItem", code: "refused without the item".to_owned() })
            }
        }
    }

    async fn find_binding(&self, name: &str) -> Result<Option<KeyBinding>, PortError> {
        self.get(Key::key_binding(name)).await?.map(|item| from_item(item, "claim")).transpose()
    }
}
