//! BatchGetItem, until every key has been answered for.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::future::try_join_all;

use super::{
    DynamoDb,
    layout::{Item, Key},
};
use crate::aws::error::call_error;
use crate::ports::PortError;

/// Keys in one call: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>.
const KEYS_A_CALL: usize = 100;
/// Tries for keys that DynamoDB left unprocessed (throttling, or an answer over 16 MB).
const TRIES: u32 = 5;

impl DynamoDb {
    /// Opens the connection ahead of the first request, by a read that every function which answers callers may make.
    pub async fn connect(&self) -> Result<(), PortError> {
        self.batch_get(vec![Key::sequence()]).await.map(|_| ())
    }

    /// Opens as many connections at once. A pool that opens them as calls come opens more: whichever call finds its own on
    /// the way takes one that was given back, and the next call opens another.
    pub async fn connect_many(&self, connections: usize) -> Result<(), PortError> {
        try_join_all((0..connections).map(|_| self.connect())).await.map(|_| ())
    }

    /// The items under `keys`, as of now; keys must differ. Items that do not exist are left out.
    pub(super) async fn batch_get(&self, keys: Vec<Key>) -> Result<HashMap<Key, Item>, PortError> {
        let mut found = HashMap::with_capacity(keys.len());
        let mut keys: Vec<Item> = keys.into_iter().map(Key::into_item).collect();
        let mut tries = 0;
        while !keys.is_empty() {
            let rest = keys.split_off(keys.len().min(KEYS_A_CALL));
            let request = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(true)
                .build()
                .map_err(|_| PortError::Corrupt("BatchGetItem: could not be built".to_owned()))?;
            let answer = self.0.client.batch_get_item().request_items(&self.0.table, request).send().await;
            let answer = answer.map_err(|error| call_error("BatchGetItem", &error))?;
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                if let Some(key) = Key::of(&item) {
                    found.insert(key, item);
                }
            }
            let unprocessed = answer.unprocessed_keys.unwrap_or_default();
            keys = unprocessed.into_values().flat_map(|left| left.keys).collect();
            if !keys.is_empty() {
                tries += 1;
                if tries == TRIES {
                    return Err(PortError::Call {
                        operation: "BatchGetItem",
                        code: "keys were left unprocessed".to_owned(),
                    });
                }
                tokio::time::sleep(Duration::from_millis(25 << tries)).await;
            }
            keys.extend(rest);
        }
        Ok(found)
    }
}
