//! get_work_order: an order for its customer's eyes.

use super::{command::GetWorkOrder, find_order::find_by_proof};
use crate::use_case::{Refusal, Service};
use crate::{
    domain::{reference::ReferenceCode, work_order::WorkOrder},
    ports::Orders,
};

/// The order, if reference and proof fit. An unknown reference, a wrong token and a wrong e-mail are the same refusal,
/// and for one way of asking they cost the same calls.
pub async fn get_work_order<S: Orders, Q>(service: &Service<S, Q>, query: &GetWorkOrder) -> Result<WorkOrder, Refusal> {
    let reference: Option<ReferenceCode> = query.reference.parse().ok();
    let order = find_by_proof(service, reference, &query.proof).await?;
    order.filter(|order| Some(order.reference()) == reference).ok_or(Refusal::NoSuchOrder)
}
