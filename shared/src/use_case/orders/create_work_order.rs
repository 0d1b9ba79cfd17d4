//! create_work_order: records an order without provisioning it.

use super::{
    command::{AdjustmentRequest, CreateWorkOrder},
    draft::{Draft, Terms},
    record::{RecordedOrder, record},
};
use crate::use_case::{FieldError, Refusal, Service, idempotency::RequestIdentity, pricing};
use crate::{
    domain::{
        adjustment::Adjustment,
        api_key::ApiKey,
        catalogue::PaymentMethod,
        money::{Amount, Currency},
        status::Status,
    },
    ports::{LookupResult, Numbers, Orders},
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
    found: &LookupResult,
) -> Result<RecordedOrder, Refusal> {
    let once = RequestIdentity::new(&caller.name, ACTION, header, &command.order, Some(command.status), false);
    let uuid = once.order_uuid();
    let draft = draft(service, caller, command, found, &once, uuid.0);
    record(service, &once, uuid, draft, &caller.by()).await
}

fn draft<S, Q>(
    service: &Service<S, Q>,
    caller: &ApiKey,
    command: &CreateWorkOrder,
    found: &LookupResult,
    once: &RequestIdentity<'_>,
    uuid: uuid::Uuid,
) -> Result<Draft, Refusal> {
    let request = &command.order;
    let mut errors = Vec::new();
    let method = request
        .payment_method_id
        .filter(|_| !request.is_free)
        .and_then(|id| pricing::active_method(id, found).map_err(|error| errors.push(error)).ok());
    let priced = pricing::price(request, found).map_err(|more| errors.extend(more));
    let (Ok(priced), true) = (priced, errors.is_empty()) else {
        return Err(Refusal::Invalid(errors));
    };
    let adjustment = if request.is_free {
        Some(Adjustment::free(priced.sum))
    } else {
        adjust(&command.adjustment, method, priced.sum, priced.currency)?
    };
    let paid = request.payment_amount.filter(|_| !request.is_free);
    let paid = paid.map(|value| pricing::amount("payment_amount", value, priced.currency)).transpose()?;
    let counts = matches!(command.status, Status::Pending | Status::PaymentSubmitted | Status::Completed);
    let paid = paid.filter(|_| counts);
    let token_version = Some(service.tokens.current_version());
    let terms = Terms { method, adjustment, paid, status: command.status, token_version };
    Ok(Draft::new(service, caller, (request, found), priced, terms, (once, uuid))?)
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
