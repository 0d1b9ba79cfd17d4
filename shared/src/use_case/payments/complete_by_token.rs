//! complete_order by a confirmation token.

use crate::use_case::{
    Refusal, Service,
    idempotency::amount_text,
    key_bindings::bind_key_to_order,
    orders::{
        command::CompleteByToken,
        complete_order::ACTION,
        record::{RecordedOrder, queue},
        update_order::{Update, update_order},
    },
    pricing,
};
use crate::{
    domain::{
        api_key::ApiKey,
        idempotency::{Fingerprint, IdempotencyKey, IdempotencyKind},
        money::Currency,
        status::Status,
        time::Timestamp,
        work_order::{Payment, Submission, WorkOrder},
    },
    ports::{KeyBindings, LookupResult, Orders, Queue},
};

/// Completes the order that `request`'s token names. An order that is sold already gets the same answer again, and
/// nothing is queued twice.
pub async fn complete_by_token<S: Orders + KeyBindings, Q: Queue>(
    service: &Service<S, Q>,
    caller: &ApiKey,
    header: Option<&str>,
    request: &CompleteByToken,
    found: &LookupResult,
) -> Result<RecordedOrder, Refusal> {
    let uuid = service.tokens.verify(&request.token).ok_or(Refusal::NoSuchOrder)?;
    let order = service.store.order(uuid).await?.ok_or(Refusal::NoSuchOrder)?;
    let once = if let Some(header) = header {
        if !order.status().is_sold() {
            // A request that is refused leaves its key free: corrected, it may come again under it.
            pay(&mut order.clone(), request, None, found, service.now())?;
        }
        let key = IdempotencyKey::new(&caller.name, ACTION, IdempotencyKind::Header, header);
        // The key may have made an order of its own.
        if let Some(other) = service.store.order(key.order_uuid()).await? {
            return Err(Refusal::KeyUsed(other.reference().to_string()));
        }
        let asked = asked(request, order.currency);
        bind_key_to_order(service, &key, &order, asked.clone()).await?;
        Some(Fingerprint::of([key.binding_name().as_str(), asked.as_str()]))
    } else {
        unnamed(request, order.currency)
    };
    let by = caller.by();
    let (order, done) = update_order(&service.store, order, |order| {
        if order.status().is_sold() {
            return Ok(Update::Unchanged(TokenPayment::Before));
        }
        let due = pay(order, request, once.as_ref(), found, service.now())?;
        transition(order, due, &by, service.now()).map(Update::Store)
    })
    .await?;
    match done {
        TokenPayment::Before => Ok(RecordedOrder::quietly(order, true)),
        TokenPayment::Queued => Ok(queue(service, order).await),
        TokenPayment::BalanceLeft => Err(balance_left(&order)),
    }
}

/// What a part payment is known by that has neither a key nor a transaction: all that it says. A client that was not
/// answered sends it again, and cannot say that it is the same.
fn unnamed(request: &CompleteByToken, currency: Currency) -> Option<Fingerprint> {
    let amount = amount_text(request.payment_amount?, currency);
    let method = request.payment_method_id.map(|id| id.to_string()).unwrap_or_default();
    request.payment_transaction_id.is_none().then(|| Fingerprint::of(["unnamed", amount.as_str(), method.as_str()]))
}

fn asked(request: &CompleteByToken, currency: Currency) -> Fingerprint {
    let amount = request.payment_amount.map(|value| amount_text(value, currency)).unwrap_or_default();
    let method = request.payment_method_id.map(|id| id.to_string()).unwrap_or_default();
    let transaction = request.payment_transaction_id.as_deref().unwrap_or_default();
    Fingerprint::of([request.token.as_str(), transaction, &amount, &method])
}

/// What a payment leaves to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// Nothing: it can be queued.
    Nothing,
    /// Money.
    Balance,
}

/// What was done.
enum TokenPayment {
    /// It was sold before.
    Before,
    /// It was queued.
    Queued,
    /// The payment was kept, and more is due.
    BalanceLeft,
}

/// Records what was paid; `once` is what tells a copy of the request that a transaction does not tell.
fn pay(
    order: &mut WorkOrder,
    request: &CompleteByToken,
    once: Option<&Fingerprint>,
    found: &LookupResult,
    at: Timestamp,
) -> Result<Due, Refusal> {
    if !order.status().can_be_completed() {
        return Err(Refusal::WrongState(order.status()));
    }
    if once.is_some_and(|once| order.part_payments.contains(once)) {
        // A copy of a request whose payment left a balance; somebody else may have paid that since.
        return if order.balance_due().is_zero() { Ok(Due::Nothing) } else { Err(balance_left(order)) };
    }
    let method = request.payment_method_id.map(|id| pricing::active_method(id, found)).transpose()?;
    let label = method.map(|method| method.label().to_owned()).or_else(|| order.method_label());
    let transaction_id = request.payment_transaction_id.clone();
    let payment = |amount| Payment { amount, at, transaction_id, method: label, said: None };
    match request.payment_amount {
        None => order.record_payment(payment(order.balance_due())),
        Some(value) => {
            let amount = pricing::amount("payment_amount", value, order.currency)?;
            // A hand-off repeats the payment that the customer submitted before, or its own first try.
            if !order.has_payment(request.payment_transaction_id.as_deref(), amount) {
                order.record_payment(payment(amount));
                if !amount.is_zero() {
                    order.submission = Some(Submission { with_payment: true, by_customer: false });
                }
            }
            if amount.is_zero() && !order.balance_due().is_zero() {
                return Err(balance_left(order));
            }
        }
    }
    if order.balance_due().is_zero() {
        return Ok(Due::Nothing);
    }
    order.part_payments.extend(once.cloned());
    Ok(Due::Balance)
}

/// Moves the order on.
fn transition(order: &mut WorkOrder, due: Due, by: &str, at: Timestamp) -> Result<TokenPayment, Refusal> {
    match due {
        Due::Nothing => {
            order.change(Status::Queued, by, None, at)?;
            Ok(TokenPayment::Queued)
        }
        Due::Balance => {
            if order.status() == Status::PaymentSubmitted {
                order.remark(by, "a payment that leaves a balance".to_owned(), at);
            } else {
                order.change(Status::PaymentSubmitted, by, None, at)?;
            }
            Ok(TokenPayment::BalanceLeft)
        }
    }
}

fn balance_left(order: &WorkOrder) -> Refusal {
    let balance = order.balance_due();
    Refusal::BalanceLeft { balance, formatted: order.currency.format(balance) }
}
