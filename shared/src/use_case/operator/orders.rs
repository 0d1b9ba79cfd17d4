//! What operators do to orders: the same conditional changes as everybody's, under their names.

use crate::use_case::{
    Refusal, Worker,
    orders::{
        record::{RecordedOrder, queue},
        update_order::{Update, update_order},
    },
    provisioning::provision_order::suspend_activations,
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
    service: &Worker<S, Q>,
    operator: &str,
    order: WorkOrder,
) -> Result<RecordedOrder, Refusal> {
    let decided = update_order(&service.store, order, |order| {
        if !order.status().can_be_completed() {
            return Err(Refusal::WrongState(order.status()));
        }
        let at = service.now();
        let (amount, method) = (order.balance_due(), order.method_label());
        let payment = Payment { amount, at, transaction_id: None, method, said: None };
        order.record_payment(payment);
        order.change(Status::Queued, &by(operator), None, at)?;
        Ok(Update::Store(()))
    });
    let (order, ()) = decided.await?;
    Ok(queue(service, order).await)
}

/// Only `amount` of the submitted payment came in: it replaces the last payment's, and the customer may pay the rest.
pub async fn partial<S: Orders, Q>(
    service: &Worker<S, Q>,
    operator: &str,
    order: WorkOrder,
    amount: Amount,
) -> Result<WorkOrder, Refusal> {
    let decided = update_order(&service.store, order, |order| {
        if order.status() != Status::PaymentSubmitted {
            return Err(Refusal::WrongState(order.status()));
        }
        let at = service.now();
        order.confirm_submitted(amount, at);
        if order.balance_due().is_zero() {
            let rule = "leaves nothing due; approve the order instead";
            return Err(crate::use_case::FieldError::new("amount", rule).into());
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
    service: &Worker<S, Q>,
    operator: &str,
    order: WorkOrder,
    reason: &str,
) -> Result<WorkOrder, Refusal> {
    let decided = update_order(&service.store, order, |order| {
        if order.status() == Status::Canceled {
            // It may have ended before its lines were suspended.
            return Ok(Update::Unchanged(()));
        }
        order.change(Status::Canceled, &by(operator), Some(reason.to_owned()), service.now())?;
        Ok(Update::Store(()))
    });
    let (order, ()) = decided.await?;
    if suspend_activations(service, &order).await? || order.suspending {
        // Where this fails, the operator is told, and may say it again; if nobody does, or the message is lost, the sweep
        // sends it.
        service.queue.send((&order).into()).await?;
    }
    Ok(order)
}

/// Provisions a failed order again.
pub async fn retry<S: Orders, Q: Queue>(
    service: &Worker<S, Q>,
    operator: &str,
    order: WorkOrder,
) -> Result<RecordedOrder, Refusal> {
    let decided = update_order(&service.store, order, |order| {
        if order.status() != Status::Failed {
            return Err(Refusal::WrongState(order.status()));
        }
        order.change(Status::Queued, &by(operator), None, service.now())?;
        Ok(Update::Store(()))
    });
    let (order, ()) = decided.await?;
    Ok(queue(service, order).await)
}
