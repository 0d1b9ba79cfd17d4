//! complete_order by a confirmation token, and the one way in which an order that waits for payment becomes a queued one.

use super::{
    RACE_ROUNDS, Refusal, Service, command::CompleteByToken, complete_order::ACTION, once::amount_text, pricing,
    record::Recorded, too_contended,
};
use crate::{
    domain::{
        api_key::ApiKey,
        claim::Claim,
        once::{Fingerprint, OnceKey, OnceKind},
        status::Status,
        time::Timestamp,
        work_order::{Payment, WorkOrder},
    },
    ports::{Claims, Found, Made, OrderName, Orders, Queue, Saved},
};

/// Completes the order that `request`'s token names. An order that is sold already gets the same answer again, and
/// nothing is queued twice.
pub async fn complete_by_token<S: Orders + Claims, Q: Queue>(
    service: &Service<S, Q>,
    caller: &ApiKey,
    header: Option<&str>,
    request: &CompleteByToken,
    found: &Found,
) -> Result<Recorded, Refusal> {
    let uuid = service.tokens.verify(&request.token).ok_or(Refusal::NoSuchOrder)?;
    let mut order = service.store.order(uuid).await?.ok_or(Refusal::NoSuchOrder)?;
    let once = match header {
        None => None,
        Some(header) => {
            if !order.status().is_sold() {
                // A request that is refused leaves its key free: corrected, it may come again under it.
                pay(&mut order.clone(), request, None, found, service.now())?;
            }
            Some(claim_header(service, caller, header, request, &order).await?)
        }
    };
    for _ in 0..RACE_ROUNDS {
        if order.status().is_sold() {
            return Ok(Recorded::quietly(order, true));
        }
        let due = pay(&mut order, request, once.as_ref(), found, service.now())?;
        let by = format!("key:{}", caller.name);
        let refusal = settle(&mut order, due, &by, service.now())?;
        match service.store.save(&mut order).await? {
            Saved::Done => return queue(service, order, refusal).await,
            Saved::Lost => order = service.store.order(uuid).await?.ok_or(Refusal::NoSuchOrder)?,
        }
    }
    Err(too_contended("the order").into())
}

/// What a payment leaves to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// Nothing: it can be queued.
    Nothing,
    /// Money.
    Balance,
}

/// Records what was paid; `once` is the request under its header key.
fn pay(
    order: &mut WorkOrder,
    request: &CompleteByToken,
    once: Option<&Fingerprint>,
    found: &Found,
    at: Timestamp,
) -> Result<Due, Refusal> {
    if !order.status().can_be_completed() {
        return Err(Refusal::WrongState(order.status()));
    }
    if once.is_some_and(|once| order.part_payments.contains(once)) {
        // A copy of a request whose payment left a balance; somebody else may have paid that since.
        return if order.balance_due().is_zero() {
            Ok(Due::Nothing)
        } else {
            Err(balance_left(order))
        };
    }
    let method = request
        .payment_method_id
        .map(|id| pricing::active_method(id, found))
        .transpose()?;
    let label = method
        .map(|method| method.label().to_owned())
        .or_else(|| order.payment_method.as_ref().map(|method| method.label.clone()));
    let transaction_id = request.payment_transaction_id.clone();
    let payment = |amount| Payment {
        amount,
        at,
        transaction_id,
        method: label,
    };
    match request.payment_amount {
        None => order.record_payment(payment(order.balance_due())),
        Some(value) => {
            let amount = pricing::amount("payment_amount", value, order.currency)?;
            // A hand-off repeats the payment that the customer submitted before, or its own first try.
            if !order.was_last_payment(request.payment_transaction_id.as_deref(), amount) {
                order.record_payment(payment(amount));
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

/// Moves the order on; the answer for a caller whose payment was too little.
fn settle(order: &mut WorkOrder, due: Due, by: &str, at: Timestamp) -> Result<Option<Refusal>, Refusal> {
    match due {
        Due::Nothing => {
            order
                .change(Status::Queued, by, None, at)
                .map_err(|refused| Refusal::WrongState(refused.from))?;
            Ok(None)
        }
        Due::Balance => {
            let refusal = balance_left(order);
            if order.status() == Status::PaymentSubmitted {
                order.remark(by, "a payment that leaves a balance".to_owned(), at);
            } else {
                order
                    .change(Status::PaymentSubmitted, by, None, at)
                    .map_err(|refused| Refusal::WrongState(refused.from))?;
            }
            Ok(Some(refusal))
        }
    }
}

fn balance_left(order: &WorkOrder) -> Refusal {
    let balance = order.balance_due();
    Refusal::BalanceLeft {
        balance,
        formatted: order.currency.format(balance),
    }
}

/// Sends a stored order's message; a message that fails to go is the sweep's to send.
async fn queue<S, Q: Queue>(
    service: &Service<S, Q>,
    order: WorkOrder,
    refusal: Option<Refusal>,
) -> Result<Recorded, Refusal> {
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let sent = service.queue.send(OrderName::from(&order)).await;
    Ok(Recorded {
        order,
        replayed: false,
        send_failed: sent.err(),
    })
}

/// Binds an `Idempotency-Key` to this request. Done before the order is changed: a crash in between leaves a key that the
/// same request may use again, and no other. Returns the request under its key.
async fn claim_header<S: Orders + Claims, Q>(
    service: &Service<S, Q>,
    caller: &ApiKey,
    header: &str,
    request: &CompleteByToken,
    order: &WorkOrder,
) -> Result<Fingerprint, Refusal> {
    let key = OnceKey::new(&caller.name, ACTION, OnceKind::Header, header);
    let amount = request
        .payment_amount
        .map(|value| amount_text(value, order.currency))
        .unwrap_or_default();
    let method = request.payment_method_id.map(|id| id.to_string()).unwrap_or_default();
    let asked = Fingerprint::of([
        request.token.as_str(),
        request.payment_transaction_id.as_deref().unwrap_or_default(),
        &amount,
        &method,
    ]);
    let now = service.now();
    let claim = Claim {
        order: order.uuid,
        reference: order.reference().to_string(),
        request: asked,
        expires_at: now + chrono::Duration::hours(Claim::HOURS),
    };
    // The key may have made an order of its own.
    if let Some(other) = service.store.order(key.order_uuid()).await? {
        return Err(Refusal::KeyUsed(other.reference().to_string()));
    }
    let name = key.claim_name();
    let once = Fingerprint::of([name.as_str(), claim.request.as_str()]);
    match service.store.claim(&name, &claim, now).await? {
        Made::New => Ok(once),
        Made::Existed(first) if first.order == claim.order && first.request == claim.request => Ok(once),
        Made::Existed(first) => Err(Refusal::KeyUsed(first.reference)),
    }
}
