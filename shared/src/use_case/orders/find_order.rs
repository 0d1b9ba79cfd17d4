//! Finding an order by the ids that callers have of it.

use uuid::Uuid;

use super::command::Proof;
use crate::{
    domain::{ids::WorkOrderId, reference::ReferenceCode, token::TokenSecrets, work_order::WorkOrder},
    ports::{Orders, PortError},
};

/// An order's id on the Shoppex side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShoppexOrderId {
    /// `id`: the reference code.
    Reference(ReferenceCode),
    /// `uniqid`: the uuid.
    Uniqid(Uuid),
}

impl ShoppexOrderId {
    /// The id in a text, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let reference = text.parse().ok().map(Self::Reference);
        reference.or_else(|| Uuid::try_parse(text).ok().map(Self::Uniqid))
    }
}

/// The order with this id.
pub async fn find_order<S: Orders>(store: &S, id: &ShoppexOrderId) -> Result<Option<WorkOrder>, PortError> {
    match id {
        ShoppexOrderId::Uniqid(uuid) => store.order(*uuid).await,
        ShoppexOrderId::Reference(reference) => {
            let order = store.order_by_number(reference.number).await?;
            Ok(order.filter(|order| order.reference() == *reference))
        }
    }
}

/// The order that a proof opens: by its token, or by its number and its customer's e-mail. For one kind of proof this
/// costs the same calls whether the order is there or not.
pub async fn find_by_proof<S: Orders>(
    store: &S,
    tokens: &TokenSecrets,
    reference: Option<ReferenceCode>,
    proof: &Proof,
) -> Result<Option<WorkOrder>, PortError> {
    match proof {
        Proof::Token(token) => match tokens.verify(token) {
            Some(uuid) => store.order(uuid).await,
            None => Ok(None),
        },
        Proof::Email(email) => {
            // Number 0 is nobody's: asking for it costs what asking for any other does.
            let number = reference.map_or(WorkOrderId(0), |reference| reference.number);
            let order = store.order_by_number(number).await?;
            Ok(order.filter(|order| Some(order.reference()) == reference && order.customer.email.matches(email)))
        }
    }
}
