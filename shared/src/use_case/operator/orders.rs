//! What operators do to orders: the same conditional changes as everybody's, under their names.

use crate::use_case::{
    context::Context,
    orders::{
        new_order::{RecordedOrder, queue},
        update_order::{Update, update_order},
    },
    provisioning::suspend_canceled::suspend_activations,
    refusal::{FieldError, OrderRefusal, PaymentRefusal},
};
use crate::{
    domain::{
        money::Amount,
        status::Status,
        work_order::{Payment, WorkOrder},
    },
    ports::{Activations, Orders, Queue},
};

/// An operator, as histories name them.
pub fn by(operator: &str) -> String {
    format!("operator:{operator}")
}

/// The payment is confirmed: what is due counts as paid, and the order is queued.
pub async fn approve<S: Orders, Q: Queue>(
    context: &Context<S, Q>,
    operator: &str,
    order: WorkOrder,
) -> Result<RecordedOrder, OrderRefusal> {
    let decided = update_order(&context.store, order, |order| {
        if !order.status().can_be_completed() {
            return Err(OrderRefusal::WrongState(order.status()));
        }
        let at = context.now();
        let (amount, method) = (order.balance_due(), order.method_label());
        let payment = Payment { amount, at, transaction_id: None, method, said: None };
        order.record_payment(payment);
        order.change(Status::Queued, &by(operator), None, at)?;
        Ok(Update::Store(()))
    });
    let (order, ()) = decided.await?;
    Ok(queue(context, order).await)
}

/// Only `amount` of the submitted payment came in: it replaces the last payment's, and the customer may pay the rest.
pub async fn partial<S: Orders, Q>(
    context: &Context<S, Q>,
    operator: &str,
    order: WorkOrder,
    amount: Amount,
) -> Result<WorkOrder, PaymentRefusal> {
    let decided = update_order(&context.store, order, |order| {
        if order.status() != Status::PaymentSubmitted {
            return Err(OrderRefusal::WrongState(order.status()).into());
        }
        let at = context.now();
        order.confirm_submitted(amount, at);
        if order.balance_due().is_zero() {
            let rule = "leaves nothing due; approve the order instead";
            return Err(FieldError::new("amount", rule).into());
        }
        let note = format!("received {}", order.currency.format(amount));
        order.change(Status::PendingPayment, &by(operator), Some(note), at)?;
        Ok(Update::Store(()))
    });
    decided.await.map(|(order, ())| order)
}

/// Calls the order off. Lines that a failed order had made are suspended; the provisioning queue's consumer tells the provisioner
/// of those that it may have, and sees that none was missed.
pub async fn cancel<S: Orders + Activations, Q: Queue>(
    context: &Context<S, Q>,
    operator: &str,
    order: WorkOrder,
    reason: &str,
) -> Result<WorkOrder, OrderRefusal> {
    let decided = update_order::<_, _, OrderRefusal>(&context.store, order, |order| {
        if order.status() == Status::Canceled {
            // It may have ended before its lines were suspended.
            return Ok(Update::Unchanged(()));
        }
        order.change(Status::Canceled, &by(operator), Some(reason.to_owned()), context.now())?;
        Ok(Update::Store(()))
    });
    let (order, ()) = decided.await?;
    if suspend_activations(context, &order).await? || order.suspending {
        // Where this fails, the operator is told, and may say it again; if nobody does, or the message is lost, the sweep
        // sends it.
        context.queue.send((&order).into()).await?;
    }
    Ok(order)
}

/// Provisions a failed order again.
pub async fn retry<S: Orders, Q: Queue>(
    context: &Context<S, Q>,
    operator: &str,
    order: WorkOrder,
) -> Result<RecordedOrder, OrderRefusal> {
    let decided = update_order(&context.store, order, |order| {
        if order.status() != Status::Failed {
            return Err(OrderRefusal::WrongState(order.status()));
        }
        order.change(Status::Queued, &by(operator), None, context.now())?;
        Ok(Update::Store(()))
    });
    let (order, ()) = decided.await?;
    Ok(queue(context, order).await)
}
