//! Shoppex's completion of an order that waits for payment.

use crate::use_case::{
    context::Context,
    key_bindings::{bind_key_to_order, current_binding},
    orders::{
        find_order::{ShoppexOrderId, find_order},
        new_order::{RecordedOrder, queue},
        update_order::{Update, update_order},
    },
    refusal::{KeyedRefusal, OrderRefusal},
};
use crate::{
    domain::{
        api_key::ApiKey,
        idempotency::{Fingerprint, IdempotencyKey, IdempotencyKind},
        status::Status,
        work_order::Payment,
    },
    ports::{KeyBindings, Orders, Queue},
};

/// The action's name in idempotency keys.
pub const ACTION: &str = "complete_pending_order";

/// What may be said with a completion.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// For operators.
    pub note: Option<String>,
    /// Send no mail about it. Kept to tell copies of the request; the service sends none.
    pub suppress_emails: bool,
}

/// Completes the order: its balance counts as paid, and it is queued as any paid order is. Under an `Idempotency-Key`
/// that completed this order before with the same body, the order as it is now.
pub async fn complete_pending_order<S: Orders + KeyBindings, Q: Queue>(
    context: &Context<S, Q>,
    caller: &ApiKey,
    header: Option<&str>,
    id: &ShoppexOrderId,
    completion: &Completion,
) -> Result<RecordedOrder, KeyedRefusal> {
    let order = find_order(&context.store, id).await?.ok_or(OrderRefusal::NoSuchOrder)?;
    let key = header.map(|header| IdempotencyKey::new(&caller.name, ACTION, IdempotencyKind::Header, header));
    let note = completion.note.as_deref().unwrap_or_default();
    let asked = Fingerprint::of([note, if completion.suppress_emails { "1" } else { "0" }]);
    let mut bound = false;
    if let Some(key) = &key {
        if order.status().can_be_completed() {
            bind_key_to_order(context, key, &order, asked).await?;
            bound = true;
        } else if let Some(binding) = current_binding(context, key).await? {
            if !binding.is_for(order.uuid, &asked) {
                return Err(KeyedRefusal::KeyUsed(binding.reference));
            }
            // A key that was bound by a request which then never completed the order says nothing of it.
            let completed = order.queued_at.is_some();
            return if completed {
                Ok(RecordedOrder::replayed(order))
            } else {
                Err(OrderRefusal::WrongState(order.status()).into())
            };
        }
    }
    let by = caller.by();
    let (order, queued) = update_order::<_, _, KeyedRefusal>(&context.store, order, |order| {
        if !order.status().can_be_completed() {
            // Another copy of this very request may have been faster.
            let faster = bound && order.status().is_sold();
            return if faster {
                Ok(Update::Unchanged(false))
            } else {
                Err(OrderRefusal::WrongState(order.status()).into())
            };
        }
        let at = context.now();
        let (amount, method) = (order.balance_due(), order.method_label());
        let payment = Payment { amount, at, transaction_id: None, method, said: None };
        order.record_payment(payment);
        order.change(Status::Queued, &by, completion.note.clone(), at)?;
        Ok(Update::Store(true))
    })
    .await?;
    if queued { Ok(queue(context, order).await) } else { Ok(RecordedOrder::replayed(order)) }
}
