//! Shoppex's completion of an order that waits for payment.

use crate::use_case::{
    Refusal, Service,
    key_bindings::{bind_key_to_order, current_binding},
    orders::{
        find_order::{OrderId, find_order},
        record::{RecordedOrder, queue},
        update_order::{Update, update_order},
    },
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

/// The action's name in once-only keys.
pub const ACTION: &str = "complete_pending_order";

/// What may be said with a completion.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// For operators.
    pub note: Option<String>,
    /// Send no mail about it. Kept for the once-only comparison; the service sends none.
    pub suppress_emails: bool,
}

/// Completes the order: its balance counts as paid, and it is queued as any paid order is. Under an `Idempotency-Key`
/// that completed this order before with the same body, the order as it is now.
pub async fn complete_pending_order<S: Orders + KeyBindings, Q: Queue>(
    service: &Service<S, Q, ()>,
    caller: &ApiKey,
    header: Option<&str>,
    id: &OrderId,
    completion: &Completion,
) -> Result<RecordedOrder, Refusal> {
    let order = find_order(&service.store, id).await?.ok_or(Refusal::NoSuchOrder)?;
    let key = header.map(|header| IdempotencyKey::new(&caller.name, ACTION, IdempotencyKind::Header, header));
    let note = completion.note.as_deref().unwrap_or_default();
    let asked = Fingerprint::of([note, if completion.suppress_emails { "1" } else { "0" }]);
    let mut bound = false;
    if let Some(key) = &key {
        if order.status().can_be_completed() {
            bind_key_to_order(service, key, &order, asked).await?;
            bound = true;
        } else if let Some(binding) = current_binding(service, key).await? {
            if !binding.is_for(order.uuid, &asked) {
                return Err(Refusal::KeyUsed(binding.reference));
            }
            // A key that was claimed by a request which then never completed the order says nothing of it.
            let completed = order.queued_at.is_some();
            return if completed {
                Ok(RecordedOrder::quietly(order, true))
            } else {
                Err(Refusal::WrongState(order.status()))
            };
        }
    }
    let by = caller.by();
    let (order, queued) = update_order(&service.store, order, |order| {
        if !order.status().can_be_completed() {
            // Another copy of this very request may have been faster.
            let faster = bound && order.status().is_sold();
            return if faster { Ok(Update::Unchanged(false)) } else { Err(Refusal::WrongState(order.status())) };
        }
        let at = service.now();
        let (amount, method) = (order.balance_due(), order.method_label());
        let payment = Payment { amount, at, transaction_id: None, method, said: None };
        order.record_payment(payment);
        order.change(Status::Queued, &by, completion.note.clone(), at)?;
        Ok(Update::Store(true))
    })
    .await?;
    if queued { Ok(queue(service, order).await) } else { Ok(RecordedOrder::quietly(order, true)) }
}
