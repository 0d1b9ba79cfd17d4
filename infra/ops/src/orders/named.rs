//! What a person types of an order: its name, a state, a reason.

use shared::{
    aws::dynamodb::DynamoDb,
    domain::{ids::WorkOrderId, reference::ReferenceCode, status::Status, time::to_wire, work_order::WorkOrder},
    ports::Orders,
};
use uuid::Uuid;

use crate::error::OpsError;

/// A text for a history.
pub(crate) fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        1..=500 if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        _ => Err("must be 1 to 500 characters, in one line".to_owned()),
    }
}

/// The order that a person names.
pub(crate) async fn find(store: &DynamoDb, named: &str) -> Result<WorkOrder, OpsError> {
    let named = named.trim();
    let number = || named.parse().ok().map(WorkOrderId);
    let reference = || named.to_ascii_uppercase().parse::<ReferenceCode>().ok();
    let order = if let Ok(uuid) = Uuid::try_parse(named) {
        store.order(uuid).await?
    } else if let Some(number) = number() {
        store.order_by_number(number).await?
    } else if let Some(reference) = reference() {
        let order = store.order_by_number(reference.number).await?;
        order.filter(|order| order.reference() == reference)
    } else {
        let rule = "an order is named by its reference code (WO-2026-00042), its number (42) or its uuid";
        return Err(OpsError::Usage(format!("`{named}` is none of these: {rule}.")));
    };
    order.ok_or_else(|| OpsError::refused(format!("There is no order {named}.")))
}

/// Who changed an order last, for somebody who came too late: ` (by operator:jane, 2026-11-23 17:00:00)`.
pub(crate) fn last_change(order: &WorkOrder) -> String {
    let last = order.history().last();
    last.map_or_else(String::new, |last| format!(" (by {}, {})", last.by, to_wire(last.at)))
}

/// A state by its name.
pub(crate) fn status(text: &str) -> Result<Status, String> {
    Status::parse(text).ok_or_else(|| format!("must be one of {}", Status::ALL.map(Status::as_str).join(", ")))
}
