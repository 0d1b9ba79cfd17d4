//! The catalogue as a whole: one partition, read through.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;

use super::{
    DynamoDb,
    layout::{CATALOGUE, PK, SK, from_item},
};
use crate::aws::error::call_error;
use crate::{
    domain::catalogue::{Bouquet, PaymentMethod, Product},
    ports::{Catalogue, PortError},
};

impl Catalogue for DynamoDb {
    async fn products(&self) -> Result<Vec<Product>, PortError> {
        self.entries(CATALOGUE, "product#", "product").await
    }

    async fn payment_methods(&self) -> Result<Vec<PaymentMethod>, PortError> {
        self.entries(CATALOGUE, "method#", "payment method").await
    }

    async fn bouquets(&self) -> Result<Vec<Bouquet>, PortError> {
        self.entries(CATALOGUE, "bouquet#", "bouquet").await
    }
}

impl DynamoDb {
    /// What a partition holds under sort keys that begin with `prefix`, in their order.
    pub(super) async fn entries<T: DeserializeOwned>(
        &self,
        partition: &str,
        prefix: &str,
        kind: &str,
    ) -> Result<Vec<T>, PortError> {
        let mut entries = Vec::new();
        let mut from = None;
        loop {
            let mut query = self
                .0
                .client
                .query()
                .table_name(&self.0.table)
                // Operators' conditional writes are decided by it.
                .consistent_read(true)
                .key_condition_expression("#pk = :partition")
                .expression_attribute_names("#pk", PK)
                .expression_attribute_values(":partition", AttributeValue::S(partition.to_owned()));
            // DynamoDB takes no empty prefix.
            if !prefix.is_empty() {
                query = query
                    .key_condition_expression("#pk = :partition AND begins_with(#sk, :prefix)")
                    .expression_attribute_names("#sk", SK)
                    .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()));
            }
            let page = query.set_exclusive_start_key(from).send().await.map_err(|error| call_error("Query", &error))?;
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
