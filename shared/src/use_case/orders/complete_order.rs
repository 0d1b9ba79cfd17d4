//! complete_order: a payment that a gateway has confirmed. Records the order and queues it at once.

use super::{
    command::{CompleteOrder, OrderRequest},
    draft::{Draft, Terms},
    record::{RecordedOrder, record},
};
use crate::use_case::{
    Refusal, Service,
    idempotency::RequestIdentity,
    key_bindings::{bind_key_to_cart, current_binding},
    payments::complete_by_token::complete_by_token,
    pricing,
};
use crate::{
    domain::{
        adjustment::Adjustment,
        api_key::ApiKey,
        catalogue::{PaymentMethod, PaymentMode},
        idempotency::{IdempotencyKey, IdempotencyKind},
        ids::PaymentMethodId,
        status::Status,
    },
    ports::{KeyBindings, LookupResult, Numbers, Orders, Queue},
};

/// The action's name in once-only keys.
pub const ACTION: &str = "complete_order";
/// create_activation's: complete_order with one new line.
pub const CREATE_ACTIVATION: &str = "create_activation";
/// create_renewal's: complete_order with the renewal of one line.
pub const CREATE_RENEWAL: &str = "create_renewal";

/// Completes an order; `header` is the request's `Idempotency-Key`, `found` what its command named.
pub async fn complete_order<S: Orders + Numbers + KeyBindings, Q: Queue>(
    service: &Service<S, Q>,
    caller: &ApiKey,
    header: Option<&str>,
    command: &CompleteOrder,
    found: &LookupResult,
) -> Result<RecordedOrder, Refusal> {
    match command {
        CompleteOrder::ByToken(request) => complete_by_token(service, caller, header, request, found).await,
        CompleteOrder::Cart(request) => {
            let once = RequestIdentity::new(&caller.name, ACTION, header, request, None, true);
            let uuid = once.order_uuid();
            let draft = draft(service, caller, request, found, &once, uuid.0);
            if let Some(header) = header {
                // The key may have been used to complete an order by its token, or may be at this moment. A request that
                // is refused leaves it free.
                let key = IdempotencyKey::new(&caller.name, ACTION, IdempotencyKind::Header, header);
                let held = if draft.is_ok() {
                    bind_key_to_cart(service, &key).await?
                } else {
                    current_binding(service, &key).await?
                };
                if let Some(binding) = held.filter(|binding| binding.order != key.order_uuid()) {
                    return Err(Refusal::KeyUsed(binding.reference));
                }
            }
            record(service, &once, uuid, draft, &caller.by()).await
        }
    }
}

/// Records a paid cart for `action` and queues it.
pub async fn complete_cart<S: Orders + Numbers, Q: Queue, T>(
    service: &Service<S, Q, T>,
    caller: &ApiKey,
    action: &str,
    header: Option<&str>,
    request: &OrderRequest,
    found: &LookupResult,
) -> Result<RecordedOrder, Refusal> {
    let once = RequestIdentity::new(&caller.name, action, header, request, None, true);
    let uuid = once.order_uuid();
    let draft = draft(service, caller, request, found, &once, uuid.0);
    record(service, &once, uuid, draft, &caller.by()).await
}

fn draft<S, Q, T>(
    service: &Service<S, Q, T>,
    caller: &ApiKey,
    request: &OrderRequest,
    found: &LookupResult,
    once: &RequestIdentity<'_>,
    uuid: uuid::Uuid,
) -> Result<Draft, Refusal> {
    let method = if request.is_free { Ok(None) } else { automated_method(request.payment_method_id, found).map(Some) };
    // Every broken rule is reported, the cart's and the method's.
    let (method, priced) = match (method, pricing::price(request, found)) {
        (Ok(method), Ok(priced)) => (method, priced),
        (Err(Refusal::Invalid(mut errors)), Err(more)) => {
            errors.extend(more);
            return Err(Refusal::Invalid(errors));
        }
        (Ok(_), Err(errors)) => return Err(Refusal::Invalid(errors)),
        (Err(refusal), _) => return Err(refusal),
    };
    let paid = request.payment_amount.map(|value| pricing::amount("payment_amount", value, priced.currency));
    let (adjustment, paid) = match (request.is_free, paid) {
        (true, _) => (Some(Adjustment::free(priced.sum)), None),
        (false, None) => (None, Some(priced.sum)),
        (false, Some(paid)) => {
            let paid = paid?;
            (Adjustment::at_checkout(priced.sum, paid), Some(paid))
        }
    };
    let terms = Terms { method, adjustment, paid, status: Status::Queued, token_version: None };
    Ok(Draft::new(service, caller, (request, found), priced, terms, (once, uuid))?)
}

/// The method of an automatic payment.
fn automated_method(id: Option<PaymentMethodId>, found: &LookupResult) -> Result<&PaymentMethod, Refusal> {
    let id = id
        .ok_or_else(|| crate::use_case::FieldError::new("payment_method_id", "is required unless `is_free` is true"))?;
    let method = pricing::active_method(id, found)?;
    match method.mode {
        PaymentMode::Automated => Ok(method),
        PaymentMode::Manual => Err(Refusal::ManualMethod(id)),
    }
}
