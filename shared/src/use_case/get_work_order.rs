//! get_work_order: an order for its customer's eyes.

use super::{
    Refusal, Service,
    command::{GetWorkOrder, Proof},
};
use crate::{
    domain::{ids::WorkOrderId, reference::ReferenceCode, work_order::WorkOrder},
    ports::Orders,
};

/// The order, if reference and proof fit. An unknown reference, a wrong token and a wrong e-mail are the same refusal,
/// and for one way of asking they cost the same calls.
pub async fn get_work_order<S: Orders, Q>(service: &Service<S, Q>, query: &GetWorkOrder) -> Result<WorkOrder, Refusal> {
    let reference: Option<ReferenceCode> = query.reference.parse().ok();
    let order = find(service, reference, &query.proof).await?;
    order
        .filter(|order| Some(order.reference()) == reference)
        .ok_or(Refusal::NoSuchOrder)
}

/// The order that a proof opens: by its token, or by its number and its customer's e-mail.
pub async fn find<S: Orders, Q>(
    service: &Service<S, Q>,
    reference: Option<ReferenceCode>,
    proof: &Proof,
) -> Result<Option<WorkOrder>, Refusal> {
    match proof {
        Proof::Token(token) => match service.tokens.verify(token) {
            Some(uuid) => Ok(service.store.order(uuid).await?),
            None => Ok(None),
        },
        Proof::Email(email) => {
            // Number 0 is nobody's: asking for it costs what asking for any other does.
            let number = reference.map_or(WorkOrderId(0), |reference| reference.number);
            let order = service.store.order_by_number(number).await?;
            Ok(order.filter(|order| Some(order.reference()) == reference && order.customer.email.matches(email)))
        }
    }
}
