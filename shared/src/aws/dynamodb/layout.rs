//! Keys and attributes of the table's items. template.yaml defines the table; a test holds its names against these.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    domain::{
        api_key::KeyHash,
        ids::{ActivationId, BouquetId, PaymentMethodId, ProductId, WorkOrderId},
        status::Status,
        time::to_sortable,
        webhook::WebhookEndpointId,
        work_order::WorkOrder,
    },
    ports::PortError,
};

/// Partition key of the table.
pub const PK: &str = "pk";
/// Sort key of the table.
pub const SK: &str = "sk";
/// When an item may be removed, Unix seconds (DynamoDB's time to live).
pub const EXPIRES: &str = "ttl";

/// Partition key of products, payment methods and bouquets.
pub const CATALOGUE: &str = "catalogue";

/// Partition key of the endpoints that events are sent to.
pub const WEBHOOKS: &str = "webhooks";

/// What the partition keys of orders begin with; the function behind the table's stream sees these items alone.
pub const ORDER_PREFIX: &str = "order#";

/// Partition key of the directory of API keys.
pub const KEYS: &str = "keys";

/// Sparse index of the orders that still need somebody.
pub const OPEN_INDEX: &str = "open";
/// Its partition key: `<status>#<part>`.
pub const OPEN_KEY: &str = "open_key";
/// Its sort key.
pub const OPEN_SORT: &str = "updated_at";
/// Parts that a state is spread over, so that no index key takes more than a 32nd of all changes.
pub const OPEN_PARTS: u8 = 32;
/// What it carries beside the keys.
pub const OPEN_PROJECTED: [&str; 2] = ["number", "next_attempt_at"];

/// Index of a customer's orders.
pub const CUSTOMER_INDEX: &str = "customer";
/// Its partition key: the e-mail address in lower case.
pub const CUSTOMER_KEY: &str = "customer_key";
/// Its sort key.
pub const CUSTOMER_SORT: &str = "created_at";

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// The key of an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// An order.
    pub fn order(uuid: Uuid) -> Self {
        Self::new(format!("{ORDER_PREFIX}{uuid}"), "order")
    }

    /// From a number to its order.
    pub fn number(number: WorkOrderId) -> Self {
        Self::new(format!("number#{number}"), "order")
    }

    /// The counter of work order numbers.
    pub fn sequence() -> Self {
        Self::new("sequence".to_owned(), "work_order")
    }

    /// A product.
    pub fn product(id: ProductId) -> Self {
        Self::new(CATALOGUE.to_owned(), format!("product#{id}"))
    }

    /// A payment method.
    pub fn payment_method(id: PaymentMethodId) -> Self {
        Self::new(CATALOGUE.to_owned(), format!("method#{id}"))
    }

    /// A bouquet.
    pub fn bouquet(id: BouquetId) -> Self {
        Self::new(CATALOGUE.to_owned(), format!("bouquet#{id}"))
    }

    /// An API key.
    pub fn api_key(hash: &KeyHash) -> Self {
        Self::new(format!("key#{}", hash.as_str()), "key")
    }

    /// A name in the directory of API keys.
    pub fn key_name(name: &str) -> Self {
        Self::new(KEYS.to_owned(), name)
    }

    /// A line.
    pub fn line(id: ActivationId) -> Self {
        Self::new(format!("line#{id}"), "line")
    }

    /// A binding of an idempotency key.
    pub fn key_binding(name: &str) -> Self {
        Self::new(format!("claim#{name}"), "claim")
    }

    /// An endpoint.
    pub fn endpoint(id: &WebhookEndpointId) -> Self {
        Self::new(WEBHOOKS.to_owned(), format!("endpoint#{id}"))
    }

    /// The key of an item that was read.
    pub fn of(item: &Item) -> Option<Self> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        Some(Self { pk: text(PK)?, sk: text(SK)? })
    }

    /// As the SDK wants it.
    pub fn into_item(self) -> Item {
        Item::from([(PK.to_owned(), AttributeValue::S(self.pk)), (SK.to_owned(), AttributeValue::S(self.sk))])
    }
}

/// The item of `value` under `key`.
pub fn to_item(key: Key, value: &impl Serialize) -> Result<Item, PortError> {
    let mut item: Item = serde_dynamo::to_item(value)
        .map_err(|_| PortError::Corrupt(format!("an item under {} cannot be written", key.sk)))?;
    item.extend(key.into_item());
    Ok(item)
}

/// What an item holds. The error names the kind of item, not its contents.
pub fn from_item<T: DeserializeOwned>(item: Item, kind: &str) -> Result<T, PortError> {
    serde_dynamo::from_item(item).map_err(|_| PortError::Corrupt(format!("a stored {kind} cannot be read")))
}

/// The item of an order, with the keys of the indexes it belongs to.
pub fn order_item(order: &WorkOrder) -> Result<Item, PortError> {
    let mut item = to_item(Key::order(order.uuid), order)?;
    let mut set = |name: &str, value| item.insert(name.to_owned(), AttributeValue::S(value));
    set(OPEN_SORT, to_sortable(order.updated_at));
    set(CUSTOMER_SORT, to_sortable(order.created_at));
    set(CUSTOMER_KEY, order.customer.email.normalized());
    if let Some(status) = order.open_as() {
        set(OPEN_KEY, open_key(status, open_part(order.uuid)));
    }
    Ok(item)
}

/// The partition key of part `part` of the open orders that are listed in `status`.
pub fn open_key(status: Status, part: u8) -> String {
    format!("{status}#{part}")
}

/// The part of the open orders that an order is in.
pub fn open_part(uuid: Uuid) -> u8 {
    // The last byte is of the hash or the random part in every version of uuid.
    uuid.as_bytes()[15] % OPEN_PARTS
}
