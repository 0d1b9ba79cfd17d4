//! get_work_order: an order for its customer's eyes.

use super::{command::GetWorkOrder, find_order::find_by_proof};
use crate::{
    domain::{reference::ReferenceCode, token::TokenSecrets, work_order::WorkOrder},
    ports::{Orders, PortError},
};

/// The order, if reference and proof fit. An unknown reference, a wrong token and a wrong e-mail are the same answer, and
/// for one way of asking they cost the same calls.
pub async fn get_work_order<S: Orders>(
    store: &S,
    tokens: &TokenSecrets,
    query: &GetWorkOrder,
) -> Result<Option<WorkOrder>, PortError> {
    let reference: Option<ReferenceCode> = query.reference.parse().ok();
    let order = find_by_proof(store, tokens, reference, &query.proof).await?;
    Ok(order.filter(|order| Some(order.reference()) == reference))
}
