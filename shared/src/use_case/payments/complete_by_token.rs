//! complete_order by a confirmation token.

use crate::use_case::{
    context::Context,
    idempotency::amount_text,
    key_bindings::bind_key_to_order,
    orders::{
        command::CompleteByToken,
        complete_order::ACTION,
        new_order::{RecordedOrder, queue},
        update_order::{Update, update_order},
    },
    pricing,
    refusal::{OrderRefusal, TokenPaymentRefusal},
};
use crate::{
    domain::{
        api_key::ApiKey,
        idempotency::{Fingerprint, IdempotencyKey, IdempotencyKind},
        money::Currency,
        status::Status,
        time::Timestamp,
        token::TokenSecrets,
        work_order::{Payment, Submission, TransitionError, WorkOrder},
    },
    ports::{KeyBindings, LookupResult, Orders, Queue},
};

/// Completes the order that `request`'s token names. An order that is sold already gets the same answer again, and
/// nothing is queued twice.
pub async fn complete_by_token<S: Orders + KeyBindings, Q: Queue>(
    context: &Context<S, Q>,
    tokens: &TokenSecrets,
    caller: &ApiKey,
    header: Option<&str>,
    request: &CompleteByToken,
    found: &LookupResult,
) -> Result<RecordedOrder, TokenPaymentRefusal> {
    let uuid = tokens.verify(&request.token).ok_or(OrderRefusal::NoSuchOrder)?;
    let order = context.store.order(uuid).await?.ok_or(OrderRefusal::NoSuchOrder)?;
    let payment_name = if let Some(header) = header {
        if !order.status().is_sold() {
            // A request that is refused leaves its key free: corrected, it may come again under it.
            pay(&mut order.clone(), request, None, found, context.now())?;
        }
        let key = IdempotencyKey::new(&caller.name, ACTION, IdempotencyKind::Header, header);
        // The key may have made an order of its own.
        if let Some(other) = context.store.order(key.order_uuid()).await? {
            return Err(TokenPaymentRefusal::KeyUsed(other.reference().to_string()));
        }
        let asked = asked(request, order.currency);
        bind_key_to_order(context, &key, &order, asked.clone()).await?;
        Some(Fingerprint::of([key.binding_name().as_str(), asked.as_str()]))
    } else {
        unnamed(request, order.currency)
    };
    let by = caller.by();
    let (order, payment) = update_order::<_, _, TokenPaymentRefusal>(&context.store, order, |order| {
        if order.status().is_sold() {
            return Ok(Update::Unchanged(TokenPayment::Before));
        }
        let due = pay(order, request, payment_name.as_ref(), found, context.now())?;
        Ok(Update::Store(transition(order, due, &by, context.now())?))
    })
    .await?;
    match payment {
        TokenPayment::Before => Ok(RecordedOrder::replayed(order)),
        TokenPayment::Queued => Ok(queue(context, order).await),
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

/// Records what was paid; `payment_name` is what tells a copy of the request that a transaction does not tell.
fn pay(
    order: &mut WorkOrder,
    request: &CompleteByToken,
    payment_name: Option<&Fingerprint>,
    found: &LookupResult,
    at: Timestamp,
) -> Result<Due, TokenPaymentRefusal> {
    if !order.status().can_be_completed() {
        return Err(OrderRefusal::WrongState(order.status()).into());
    }
    if payment_name.is_some_and(|name| order.part_payments.contains(name)) {
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
    order.part_payments.extend(payment_name.cloned());
    Ok(Due::Balance)
}

/// Moves the order on.
fn transition(order: &mut WorkOrder, due: Due, by: &str, at: Timestamp) -> Result<TokenPayment, TransitionError> {
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

fn balance_left(order: &WorkOrder) -> TokenPaymentRefusal {
    let balance = order.balance_due();
    TokenPaymentRefusal::BalanceLeft { balance, formatted: order.currency.format(balance) }
}
