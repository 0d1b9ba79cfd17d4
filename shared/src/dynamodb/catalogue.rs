//! The catalogue as a whole: one partition, read through.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;

use super::{
    DynamoDb,
    errors::unavailable,
    layout::{CATALOGUE, PK, SK, from_item},
};
use crate::{
    domain::catalogue::{Bouquet, PaymentMethod, Product},
    ports::{Catalogue, PortError},
};

impl Catalogue for DynamoDb {
    async fn products(&self) -> Result<Vec<Product>, PortError> {
        self.entries(CATALOGUE, "product").await
    }

    async fn payment_methods(&self) -> Result<Vec<PaymentMethod>, PortError> {
        self.entries(CATALOGUE, "method").await
    }

    async fn bouquets(&self) -> Result<Vec<Bouquet>, PortError> {
        self.entries(CATALOGUE, "bouquet").await
    }
}

impl DynamoDb {
    /// Every item of a partition whose sort key begins with `kind` and a hash sign.
    pub(super) async fn entries<T: DeserializeOwned>(&self, partition: &str, kind: &str) -> Result<Vec<T>, PortError> {
        let mut entries = Vec::new();
        let mut from = None;
        loop {
            let page = self
                .0
                .client
                .query()
                .table_name(&self.0.table)
                .key_condition_expression("#pk = :partition AND begins_with(#sk, :kind)")
                .expression_attribute_names("#pk", PK)
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":partition", AttributeValue::S(partition.to_owned()))
                .expression_attribute_values(":kind", AttributeValue::S(format!("{kind}#")))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| unavailable("Query", &error))?;
            for item in page.items.unwrap_or_default() {
                entries.push(from_item(item, kind)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(entries);
            }
        }
    }
}
