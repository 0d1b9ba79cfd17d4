//! The counter of work order numbers.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::{DynamoDb, errors::unavailable, layout::Key, locked};
use crate::{
    domain::ids::WorkOrderId,
    ports::{Numbers, PortError},
};

/// The number of the first order of a table whose operator set none.
pub(super) const FIRST: u64 = 1;

impl DynamoDb {
    /// Leases the environment's first number ahead of the first request, which also opens the connection.
    pub async fn prewarm(&self) -> Result<(), PortError> {
        let number = self.take().await?;
        self.give_back(number);
        Ok(())
    }

    async fn lease(&self) -> Result<(), PortError> {
        let block = locked(&self.0.lease).next_block(self.0.clock.now());
        // An attempt that is repeated after it took effect leaves a gap, never a number twice.
        let answer = self
            .0
            .client
            .update_item()
            .table_name(&self.0.table)
            .set_key(Some(Key::sequence().into_item()))
            .update_expression(
                "SET #next = if_not_exists(#next, :first) + :block, #first = if_not_exists(#first, :first)",
            )
            .expression_attribute_names("#next", "next")
            .expression_attribute_names("#first", "first")
            .expression_attribute_values(":first", AttributeValue::N(FIRST.to_string()))
            .expression_attribute_values(":block", AttributeValue::N(block.to_string()))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| unavailable("UpdateItem", &error))?;
        let end = answer.attributes.as_ref().and_then(|item| item.get("next")?.as_n().ok()?.parse().ok());
        let end = end.ok_or_else(|| PortError::Corrupt("the number counter cannot be read".to_owned()))?;
        locked(&self.0.lease).fill(end, block, self.0.clock.now());
        Ok(())
    }
}

impl Numbers for DynamoDb {
    async fn take(&self) -> Result<WorkOrderId, PortError> {
        loop {
            if let Some(number) = locked(&self.0.lease).take() {
                return Ok(number);
            }
            let _one_at_a_time = self.0.leasing.lock().await;
            if let Some(number) = locked(&self.0.lease).take() {
                return Ok(number);
            }
            self.lease().await?;
        }
    }

    fn give_back(&self, number: WorkOrderId) {
        locked(&self.0.lease).give_back(number);
    }
}
