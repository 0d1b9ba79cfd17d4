//! What operators put in.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::{
    DynamoDb,
    errors::unavailable,
    layout::{Key, to_item},
};
use crate::{
    domain::{
        api_key::ApiKey,
        catalogue::{Bouquet, PaymentMethod, Product},
        ids::WorkOrderId,
    },
    ports::{PortError, Setup},
};

impl DynamoDb {
    async fn replace(&self, key: Key, value: &impl Serialize) -> Result<(), PortError> {
        let item = to_item(key, value)?;
        let answer = self.0.client.put_item().table_name(&self.0.table).set_item(Some(item)).send().await;
        answer.map(|_| ()).map_err(|error| unavailable("PutItem", &error))
    }
}

impl Setup for DynamoDb {
    async fn put_product(&self, product: &Product) -> Result<(), PortError> {
        self.replace(Key::product(product.id), product).await
    }

    async fn put_payment_method(&self, method: &PaymentMethod) -> Result<(), PortError> {
        self.replace(Key::payment_method(method.id), method).await
    }

    async fn put_bouquet(&self, bouquet: &Bouquet) -> Result<(), PortError> {
        self.replace(Key::bouquet(bouquet.id), bouquet).await
    }

    async fn add_key(&self, key: &ApiKey) -> Result<(), PortError> {
        self.put_new(to_item(Key::api_key(&key.hash), key)?).await.map(|_| ())
    }

    async fn first_number(&self) -> Result<Option<WorkOrderId>, PortError> {
        let item = self.get(Key::sequence()).await?;
        Ok(item.and_then(|item| item.get("first")?.as_n().ok()?.parse().ok()).map(WorkOrderId))
    }

    async fn begin_numbers(&self, first: WorkOrderId) -> Result<(), PortError> {
        let mut item = Key::sequence().into_item();
        for name in ["next", "first"] {
            item.insert(name.to_owned(), AttributeValue::N(first.to_string()));
        }
        self.put_new(item).await.map(|_| ())
    }
}
