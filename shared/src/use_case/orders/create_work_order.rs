//! create_work_order: records an order without provisioning it.

use crate::use_case::{
    context::Context,
    idempotency::{HasTransaction, RequestIdentity},
    orders::{
        command::{AdjustmentRequest, CreateWorkOrder},
        new_order::{NewOrder, RecordedOrder, record, replay_or},
    },
    pricing,
    refusal::{FieldError, NewOrderRefusal},
};
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

/// The action's name in idempotency keys.
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

/// Records the order that `command` asks for; `header` is the request's `Idempotency-Key`, `token_version` the version of the
/// secret that makes its confirmation token.
pub async fn create_work_order<S: Orders + Numbers, Q>(
    context: &Context<S, Q>,
    token_version: u32,
    caller: &ApiKey,
    header: Option<&str>,
    command: &CreateWorkOrder,
    found: &LookupResult,
) -> Result<RecordedOrder, NewOrderRefusal> {
    let request = &command.order;
    let identity =
        RequestIdentity::new(&caller.name, ACTION, header, request, Some(command.status), HasTransaction::No);
    match price_work_order(caller, command, found, token_version) {
        Ok(new_order) => record(context, &identity, new_order).await,
        Err(refusal) => replay_or(&context.store, &identity, refusal).await,
    }
}

fn price_work_order<'a>(
    caller: &'a ApiKey,
    command: &'a CreateWorkOrder,
    found: &'a LookupResult,
    token_version: u32,
) -> Result<NewOrder<'a>, NewOrderRefusal> {
    let request = &command.order;
    let status = command.status;
    let mut errors = Vec::new();
    let method = request
        .payment_method_id
        .filter(|_| !request.is_free)
        .and_then(|id| pricing::active_method(id, found).map_err(|error| errors.push(error)).ok());
    let priced = pricing::price(request, found).map_err(|more| errors.extend(more));
    let (Ok(priced), true) = (priced, errors.is_empty()) else {
        return Err(NewOrderRefusal::Invalid(errors));
    };
    let adjustment = if request.is_free {
        Some(Adjustment::free(priced.sum))
    } else {
        adjust(&command.adjustment, method, priced.sum, priced.currency)?
    };
    let paid = request.payment_amount.filter(|_| !request.is_free);
    let paid = paid.map(|value| pricing::amount("payment_amount", value, priced.currency)).transpose()?;
    let is_counted = matches!(status, Status::Pending | Status::PaymentSubmitted | Status::Completed);
    let paid = paid.filter(|_| is_counted);
    let customer = pricing::customer(request, found)?;
    let token_version = Some(token_version);
    Ok(NewOrder { caller, request, customer, priced, method, adjustment, paid, status, token_version })
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
