//! The counter of work order numbers.

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue},
};

use super::{DynamoDb, layout::Key, locked};
use crate::aws::error::call_error;
use crate::{
    domain::ids::WorkOrderId,
    ports::{Numbers, PortError},
};

/// The number of the first order of a table whose operator set none.
pub(super) const FIRST: u64 = 1;

/// Whether a lease may begin the count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// Only where it has begun.
    Only,
    /// It begins the count where it has not.
    OrNot,
}

impl DynamoDb {
    /// Leases the environment's first number ahead of the first request, which also opens the connection. It never begins
    /// the count: an environment may be started by anybody's request, before the operator has said where numbers begin.
    pub async fn prewarm(&self) -> Result<(), PortError> {
        let _one_at_a_time = self.0.leasing.lock().await;
        self.lease(Begun::Only).await
    }

    async fn lease(&self, begun: Begun) -> Result<(), PortError> {
        let block = locked(&self.0.lease).next_block(self.0.clock.now());
        // An attempt that is repeated after it took effect leaves a gap, never a number twice.
        let call = self
            .0
            .client
            .update_item()
            .table_name(&self.0.table)
            .set_key(Some(Key::sequence().into_item()))
            .update_expression(
                "SET #next = if_not_exists(#next, :first) + :block, #first = if_not_exists(#first, :first)",
            )
            .set_condition_expression((begun == Begun::Only).then(|| "attribute_exists(#next)".to_owned()))
            .expression_attribute_names("#next", "next")
            .expression_attribute_names("#first", "first")
            .expression_attribute_values(":first", AttributeValue::N(FIRST.to_string()))
            .expression_attribute_values(":block", AttributeValue::N(block.to_string()))
            .return_values(ReturnValue::UpdatedNew);
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let refused =
                    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception);
                return if refused { Ok(()) } else { Err(call_error("UpdateItem", &error)) };
            }
        };
        let end = answer.attributes.as_ref().and_then(|item| item.get("next")?.as_n().ok()?.parse().ok());
        let end = end.ok_or_else(|| PortError::Corrupt("the number counter cannot be read".to_owned()))?;
        locked(&self.0.lease).fill(end, block, self.0.clock.now());
        Ok(())
    }
}

impl Numbers for DynamoDb {
    async fn take(&self) -> Result<WorkOrderId, PortError> {
        loop {
            if let Some(number) = locked(&self.0.lease).take(self.0.clock.now()) {
                return Ok(number);
            }
            let _one_at_a_time = self.0.leasing.lock().await;
            if let Some(number) = locked(&self.0.lease).take(self.0.clock.now()) {
                return Ok(number);
            }
            self.lease(Begun::OrNot).await?;
        }
    }

    fn give_back(&self, number: WorkOrderId) {
        locked(&self.0.lease).give_back(number);
    }
}
