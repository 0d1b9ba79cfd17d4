//! complete_order: a payment that a gateway has confirmed. Records the order and queues it at once.

use crate::use_case::{
    context::Context,
    idempotency::{HasTransaction, RequestIdentity},
    key_bindings::{bind_key_to_cart, current_binding},
    orders::{
        command::OrderRequest,
        new_order::{NewOrder, RecordedOrder, record_and_queue, replay_or},
    },
    pricing,
    refusal::{FieldError, NewOrderRefusal},
};
use crate::{
    domain::{
        adjustment::Adjustment,
        api_key::ApiKey,
        catalogue::{PaymentMethod, PaymentMode},
        ids::PaymentMethodId,
        status::Status,
    },
    ports::{KeyBindings, LookupResult, Numbers, Orders, Queue},
};

/// The action's name in idempotency keys.
pub const ACTION: &str = "complete_order";
/// create_activation's: complete_order with one new line.
pub const CREATE_ACTIVATION: &str = "create_activation";
/// create_renewal's: complete_order with the renewal of one line.
pub const CREATE_RENEWAL: &str = "create_renewal";

/// Completes an order; `header` is the request's `Idempotency-Key`, `found` what it names.
pub async fn complete_order<S: Orders + Numbers + KeyBindings, Q: Queue>(
    context: &Context<S, Q>,
    caller: &ApiKey,
    header: Option<&str>,
    request: &OrderRequest,
    found: &LookupResult,
) -> Result<RecordedOrder, NewOrderRefusal> {
    let identity = RequestIdentity::new(&caller.name, ACTION, header, request, None, HasTransaction::Yes);
    let priced = price_paid_cart(caller, request, found);
    if let Some(key) = identity.header_key() {
        // The key may have been used to complete an order by its token, or may be at this moment. A request that is
        // refused leaves it free.
        let binding = match priced {
            Ok(_) => bind_key_to_cart(context, key).await?,
            Err(_) => current_binding(context, key).await?,
        };
        if let Some(binding) = binding.filter(|binding| binding.order != key.order_uuid()) {
            return Err(NewOrderRefusal::KeyUsed(binding.reference));
        }
    }
    match priced {
        Ok(new_order) => record_and_queue(context, &identity, new_order).await,
        Err(refusal) => replay_or(&context.store, &identity, refusal).await,
    }
}

/// Records a paid cart for `action` and queues it.
pub async fn complete_cart<S: Orders + Numbers, Q: Queue>(
    context: &Context<S, Q>,
    caller: &ApiKey,
    action: &str,
    header: Option<&str>,
    request: &OrderRequest,
    found: &LookupResult,
) -> Result<RecordedOrder, NewOrderRefusal> {
    let identity = RequestIdentity::new(&caller.name, action, header, request, None, HasTransaction::Yes);
    match price_paid_cart(caller, request, found) {
        Ok(new_order) => record_and_queue(context, &identity, new_order).await,
        Err(refusal) => replay_or(&context.store, &identity, refusal).await,
    }
}

fn price_paid_cart<'a>(
    caller: &'a ApiKey,
    request: &'a OrderRequest,
    found: &'a LookupResult,
) -> Result<NewOrder<'a>, NewOrderRefusal> {
    let method = if request.is_free { Ok(None) } else { automated_method(request.payment_method_id, found).map(Some) };
    // Every broken rule is reported, the cart's and the method's.
    let (method, priced) = match (method, pricing::price(request, found)) {
        (Ok(method), Ok(priced)) => (method, priced),
        (Err(NewOrderRefusal::Invalid(mut errors)), Err(more)) => {
            errors.extend(more);
            return Err(NewOrderRefusal::Invalid(errors));
        }
        (Ok(_), Err(errors)) => return Err(NewOrderRefusal::Invalid(errors)),
        (Err(refusal), _) => return Err(refusal),
    };
    let (adjustment, paid) = match request.payment_amount {
        _ if request.is_free => (Some(Adjustment::free(priced.sum)), None),
        None => (None, Some(priced.sum)),
        Some(value) => {
            let paid = pricing::amount("payment_amount", value, priced.currency)?;
            (Adjustment::at_checkout(priced.sum, paid), Some(paid))
        }
    };
    let customer = pricing::customer(request, found)?;
    let status = Status::Queued;
    Ok(NewOrder { caller, request, customer, priced, method, adjustment, paid, status, token_version: None })
}

/// The method of an automatic payment.
fn automated_method(id: Option<PaymentMethodId>, found: &LookupResult) -> Result<&PaymentMethod, NewOrderRefusal> {
    let id = id.ok_or_else(|| FieldError::new("payment_method_id", "is required unless `is_free` is true"))?;
    let method = pricing::active_method(id, found)?;
    match method.mode {
        PaymentMode::Automated => Ok(method),
        PaymentMode::Manual => Err(NewOrderRefusal::ManualMethod(id)),
    }
}
