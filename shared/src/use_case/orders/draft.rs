//! A new order, but for its number.

use uuid::Uuid;

use super::command::OrderRequest;
use crate::use_case::{
    FieldError, Service,
    idempotency::RequestIdentity,
    pricing::{self, Priced},
};
use crate::{
    domain::{
        adjustment::Adjustment,
        api_key::ApiKey,
        catalogue::PaymentMethod,
        ids::WorkOrderId,
        money::Amount,
        status::Status,
        work_order::{MethodSnapshot, NewWorkOrder, Payment},
    },
    ports::LookupResult,
};

/// What an action decides of a new order; the rest is as it was asked for.
pub struct Terms<'a> {
    /// How it is paid.
    pub method: Option<&'a PaymentMethod>,
    /// Fee or discount.
    pub adjustment: Option<Adjustment>,
    /// What was paid already.
    pub paid: Option<Amount>,
    /// The first state.
    pub status: Status,
    /// The version of the secret behind its confirmation token.
    pub token_version: Option<u32>,
}

/// Everything of a new order but its number.
pub struct Draft(NewWorkOrder);

impl Draft {
    /// Puts `request` at its `terms`.
    pub fn new<S, Q, T>(
        service: &Service<S, Q, T>,
        caller: &ApiKey,
        (request, found): (&OrderRequest, &LookupResult),
        priced: Priced,
        terms: Terms<'_>,
        (once, uuid): (&RequestIdentity<'_>, Uuid),
    ) -> Result<Self, FieldError> {
        let at = service.now();
        let payment = terms.paid.filter(|amount| !amount.is_zero()).map(|amount| Payment {
            amount,
            at,
            transaction_id: request.payment_transaction_id.clone(),
            method: terms.method.map(|method| method.label().to_owned()),
            said: None,
        });
        // An id that no payment carries is kept for operators.
        let unrecorded = request.payment_transaction_id.as_ref().filter(|_| payment.is_none() && !request.is_free);
        let remark = unrecorded.map(|id| format!("transaction {id}"));
        Ok(Self(NewWorkOrder {
            uuid,
            number: WorkOrderId(0),
            shop: caller.name.clone(),
            source: request.source.clone(),
            customer: pricing::customer(request, found)?,
            currency: priced.currency,
            cart: priced.cart,
            adjustment: terms.adjustment,
            payment,
            payment_method: terms.method.map(MethodSnapshot::from),
            wc_order_id: request.wc_order_id.clone(),
            notes: request.notes.clone(),
            bouquet_ids: request.bouquet_ids.clone(),
            categories: request.categories.clone(),
            status: terms.status,
            token_version: terms.token_version,
            fingerprints: once.made(priced.currency),
            remark,
            at,
        }))
    }

    /// The order with this number.
    pub fn numbered(self, number: WorkOrderId) -> NewWorkOrder {
        NewWorkOrder { number, ..self.0 }
    }
}
