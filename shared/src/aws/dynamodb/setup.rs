//! What operators put in. Every put is conditional on what was read.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::{
    DynamoDb,
    layout::{Item, Key, PK, SK, to_item},
    orders::Put,
};
use crate::{
    domain::{
        catalogue::{Bouquet, PaymentMethod, Product},
        ids::WorkOrderId,
    },
    ports::{PortError, Save, Setup},
};

impl DynamoDb {
    /// Stores `new` under `key`, in place of what equals `old`.
    pub(super) async fn replace<T: Serialize + Sync>(
        &self,
        key: Key,
        old: Option<&T>,
        new: &T,
    ) -> Result<Save, PortError> {
        let item = to_item(key.clone(), new)?;
        let put = match old {
            None => self.put_new(item.clone()).await?,
            Some(old) => self.put_over(&to_item(key, old)?, item.clone()).await?,
        };
        Ok(match put {
            Put::Stored => Save::Saved,
            // Its own first attempt, or somebody who stored the same.
            Put::Refused(existing) if existing.as_ref() == Some(&item) => Save::Saved,
            Put::Refused(_) => Save::Conflict,
        })
    }

    /// Puts `item` if what is under its key has every attribute of `old`. One that is null there may be absent: an earlier
    /// release did not write it.
    async fn put_over(&self, old: &Item, item: Item) -> Result<Put, PortError> {
        let mut put = self.0.client.put_item();
        let mut conditions = Vec::new();
        for (index, (name, value)) in old.iter().filter(|(name, _)| ![PK, SK].contains(&name.as_str())).enumerate() {
            let equal = format!("#a{index} = :a{index}");
            conditions.push(match value {
                AttributeValue::Null(_) => format!("(attribute_not_exists(#a{index}) OR {equal})"),
                _ => equal,
            });
            put = put
                .expression_attribute_names(format!("#a{index}"), name)
                .expression_attribute_values(format!(":a{index}"), value.clone());
        }
        self.put(put.condition_expression(conditions.join(" AND ")), item).await
    }
}

impl Setup for DynamoDb {
    async fn put_product(&self, old: Option<&Product>, product: &Product) -> Result<Save, PortError> {
        self.replace(Key::product(product.id), old, product).await
    }

    async fn put_payment_method(&self, old: Option<&PaymentMethod>, method: &PaymentMethod) -> Result<Save, PortError> {
        self.replace(Key::payment_method(method.id), old, method).await
    }

    async fn put_bouquet(&self, old: Option<&Bouquet>, bouquet: &Bouquet) -> Result<Save, PortError> {
        self.replace(Key::bouquet(bouquet.id), old, bouquet).await
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
