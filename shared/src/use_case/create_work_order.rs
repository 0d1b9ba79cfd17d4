//! create_work_order: records an order without provisioning it.

use super::{
    FieldError, Refusal, Service,
    command::{AdjustmentRequest, CreateWorkOrder},
    once::Once,
    pricing::{self, Priced},
    record::{Draft, Recorded, record},
};
use crate::{
    domain::{
        adjustment::Adjustment,
        api_key::ApiKey,
        catalogue::PaymentMethod,
        ids::WorkOrderId,
        money::{Amount, Currency},
        status::Status,
        work_order::{MethodSnapshot, NewWorkOrder, Payment},
    },
    ports::{Found, Numbers, Orders},
};

/// The action's name in once-only keys.
pub const ACTION: &str = "create_work_order";

/// The states an order may be created in.
pub const INITIAL: [Status; 6] = [
    Status::Pending,
    Status::PendingPayment,
    Status::PaymentSubmitted,
    Status::Completed,
    Status::Canceled,
    Status::PaymentFailed,
];

/// Records the order that `command` asks for; `header` is the request's `Idempotency-Key`.
pub async fn create_work_order<S: Orders + Numbers, Q: crate::ports::Queue>(
    service: &Service<S, Q>,
    caller: &ApiKey,
    header: Option<&str>,
    command: &CreateWorkOrder,
    found: &Found,
) -> Result<Recorded, Refusal> {
    let once = Once::new(&caller.name, ACTION, header, &command.order, Some(command.status), false);
    let uuid = once.order_uuid();
    let draft = draft(service, caller, command, found, &once, uuid.0);
    record(service, &once, uuid, draft, &caller.by()).await
}

fn draft<S, Q>(
    service: &Service<S, Q>,
    caller: &ApiKey,
    command: &CreateWorkOrder,
    found: &Found,
    once: &Once<'_>,
    uuid: uuid::Uuid,
) -> Result<Draft, Refusal> {
    let request = &command.order;
    let mut errors = Vec::new();
    let method = request
        .payment_method_id
        .filter(|_| !request.is_free)
        .and_then(|id| pricing::active_method(id, found).map_err(|error| errors.push(error)).ok());
    let priced = pricing::price(request, found).map_err(|more| errors.extend(more));
    let (Ok(Priced { cart, currency, sum }), true) = (priced, errors.is_empty()) else {
        return Err(Refusal::Invalid(errors));
    };
    let adjustment =
        if request.is_free { Some(Adjustment::free(sum)) } else { adjust(&command.adjustment, method, sum, currency)? };
    let paid = request.payment_amount.filter(|_| !request.is_free);
    let paid = paid.map(|value| pricing::amount("payment_amount", value, currency)).transpose()?;
    let at = service.now();
    let counts = matches!(command.status, Status::Pending | Status::PaymentSubmitted | Status::Completed);
    let payment = paid.filter(|amount| counts && !request.is_free && !amount.is_zero()).map(|amount| Payment {
        amount,
        at,
        transaction_id: request.payment_transaction_id.clone(),
        method: method.map(|method| method.label().to_owned()),
    });
    let new = NewWorkOrder {
        uuid,
        number: WorkOrderId(0),
        shop: caller.name.clone(),
        source: request.source.clone(),
        customer: pricing::customer(request, found)?,
        currency,
        cart,
        adjustment,
        payment,
        payment_method: method.map(MethodSnapshot::from),
        wc_order_id: request.wc_order_id.clone(),
        notes: request.notes.clone(),
        bouquet_ids: request.bouquet_ids.clone(),
        categories: request.categories.clone(),
        status: command.status,
        token_version: Some(service.tokens.current_version()),
        once: once.made(currency),
        at,
    };
    Ok(Box::new(move |number| NewWorkOrder { number, ..new }))
}

fn adjust(
    asked: &AdjustmentRequest,
    method: Option<&PaymentMethod>,
    sum: Amount,
    currency: Currency,
) -> Result<Option<Adjustment>, FieldError> {
    match asked {
        AdjustmentRequest::None => Ok(None),
        AdjustmentRequest::Unsaid => Ok(method.and_then(|method| Adjustment::of_method(method, sum, currency))),
        AdjustmentRequest::Given { direction, label, amount } => {
            let amount = Amount::new(*amount, currency).map_err(|rule| FieldError::new("adjustment_amount", rule))?;
            Ok(Some(Adjustment { direction: *direction, label: label.clone(), amount }))
        }
    }
}
