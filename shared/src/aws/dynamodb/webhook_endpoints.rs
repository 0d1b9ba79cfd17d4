//! Endpoints that events are sent to: one partition, small, read whole by whoever publishes and one by one by whoever delivers.

use super::{
    DynamoDb,
    layout::{Key, WEBHOOKS, from_item, to_item},
    locked,
    orders::Put,
};
use crate::aws::error::call_error;
use crate::{
    domain::webhook::{WebhookEndpoint, WebhookEndpointId},
    ports::{Insert, PortError, WebhookEndpoints},
};

impl WebhookEndpoints for DynamoDb {
    async fn endpoints(&self) -> Result<Vec<WebhookEndpoint>, PortError> {
        let now = self.0.clock.now();
        let known = locked(&self.0.cache).endpoints(now);
        if let Some(known) = known {
            return Ok(known);
        }
        let endpoints = self.entries(WEBHOOKS, "endpoint#", "endpoint").await?;
        locked(&self.0.cache).remember_endpoints(&endpoints, now);
        Ok(endpoints)
    }

    async fn endpoint(&self, id: &WebhookEndpointId) -> Result<Option<WebhookEndpoint>, PortError> {
        let now = self.0.clock.now();
        let known = locked(&self.0.cache).endpoint(id, now);
        if known.is_some() {
            return Ok(known);
        }
        let Some(item) = self.get(Key::endpoint(id)).await? else { return Ok(None) };
        let endpoint: WebhookEndpoint = from_item(item, "endpoint")?;
        locked(&self.0.cache).remember_endpoint(&endpoint, now);
        Ok(Some(endpoint))
    }

    async fn add_endpoint(&self, endpoint: &WebhookEndpoint) -> Result<Insert<()>, PortError> {
        let put = self.put_new(to_item(Key::endpoint(&endpoint.id), endpoint)?).await?;
        Ok(match put {
            Put::Stored => Insert::Inserted,
            Put::Refused(_) => Insert::AlreadyExists(Box::new(())),
        })
    }

    async fn remove_endpoint(&self, id: &WebhookEndpointId) -> Result<bool, PortError> {
        let call = self.0.client.delete_item().table_name(&self.0.table);
        let call = call.set_key(Some(Key::endpoint(id).into_item()));
        let answer = call.return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld).send().await;
        answer.map(|answer| answer.attributes.is_some()).map_err(|error| call_error("DeleteItem", &error))
    }
}
