//! What a person decides about an order. Each is one conditional write; who comes too late is told.

use rust_decimal::Decimal;
use serde_json::json;
use shared::{
    domain::{money::Amount, status::Status, work_order::WorkOrder},
    ports::Orders,
    use_case::{
        operator,
        orders::new_order::RecordedOrder,
        refusal::{OrderRefusal, PaymentRefusal},
    },
};

use super::named::{find, last_change};
use crate::{
    context::Context,
    error::{Ended, OpsError},
    mask::Reveal,
};

pub(super) async fn approve(context: &Context, named: &str) -> Result<Ended, OpsError> {
    let (by, service) = (context.operator()?, context.service()?);
    let order = find(&service.store, named).await?;
    check(&order, "approved", Status::can_be_completed)?;
    context.confirm(&format!(
        "{} of {}, {}: {} that is due will count as paid, and the order will be provisioned.",
        order.reference(),
        Reveal(false).email(order.customer.email.as_str()),
        order.status(),
        order.currency.format(order.balance_due()),
    ))?;
    let before = order.status();
    match operator::approve(&service, &by, order.clone()).await {
        Ok(recorded) => Ok(queued(context, before, &recorded)),
        Err(refusal) => Err(too_late(context, &order, "approved", refusal).await),
    }
}

pub(super) async fn partial(context: &Context, named: &str, amount: &str) -> Result<Ended, OpsError> {
    let (by, service) = (context.operator()?, context.service_with(()));
    let order = find(&service.store, named).await?;
    check(&order, "paid in part", |status| status == Status::PaymentSubmitted)?;
    let amount: Decimal =
        amount.parse().map_err(|_| OpsError::Usage("`AMOUNT` must be a number such as 4.50.".to_owned()))?;
    let amount = Amount::new(amount, order.currency).map_err(|rule| OpsError::Usage(format!("`AMOUNT` {rule}.")))?;
    let before = order.status();
    match operator::partial(&service, &by, order.clone(), amount).await {
        Ok(order) => {
            let due = order.currency.format(order.balance_due());
            let note = format!("{} came in, {due} is still due.", order.currency.format(amount));
            changed(context, &order, before, true, Some(note));
            Ok(Ended::Done)
        }
        Err(refusal) => Err(match refusal {
            PaymentRefusal::Order(refusal) => too_late(context, &order, "paid in part", refusal).await,
            PaymentRefusal::Invalid(_) => refusal.into(),
        }),
    }
}

pub(super) async fn cancel(context: &Context, named: &str, reason: &str) -> Result<Ended, OpsError> {
    // A provisioner that has its lines is told by the queue's consumer.
    let (by, service) = (context.operator()?, context.service()?);
    let order = find(&service.store, named).await?;
    let before = order.status();
    check(&order, "canceled", |status| status == Status::Canceled || status.may_become(Status::Canceled))?;
    if before != Status::Canceled {
        let paid = order.currency.format(order.prev_paid());
        let what = format!("{} will be called off, for good; {paid} was paid.", order.reference());
        context.confirm(&what)?;
    }
    match operator::cancel(&service, &by, order.clone(), reason).await {
        Ok(order) => {
            let note = (before == Status::Canceled).then(|| "It was canceled before.".to_owned());
            changed(context, &order, before, before != Status::Canceled, note);
            Ok(Ended::Done)
        }
        Err(refusal) => Err(too_late(context, &order, "canceled", refusal).await),
    }
}

pub(super) async fn retry(context: &Context, named: &str) -> Result<Ended, OpsError> {
    let (by, service) = (context.operator()?, context.service()?);
    let order = find(&service.store, named).await?;
    check(&order, "retried", |status| status == Status::Failed)?;
    let before = order.status();
    match operator::retry(&service, &by, order.clone()).await {
        Ok(recorded) => Ok(queued(context, before, &recorded)),
        Err(refusal) => Err(too_late(context, &order, "retried", refusal).await),
    }
}

/// Says no before anybody is asked.
fn check(order: &WorkOrder, what: &str, may: impl Fn(Status) -> bool) -> Result<(), OpsError> {
    if may(order.status()) { Ok(()) } else { Err(not_now(order, what)) }
}

fn not_now(order: &WorkOrder, what: &str) -> OpsError {
    let (reference, status) = (order.reference(), order.status());
    OpsError::Refused(format!("{reference} is {status}{} and cannot be {what}.", last_change(order)))
}

/// The refusal of a change that others were faster than.
async fn too_late(context: &Context, order: &WorkOrder, what: &str, refusal: OrderRefusal) -> OpsError {
    if let OrderRefusal::WrongState(_) = refusal
        && let Ok(Some(order)) = context.store().order(order.uuid).await
    {
        return not_now(&order, what);
    }
    refusal.into()
}

fn queued(context: &Context, before: Status, recorded: &RecordedOrder) -> Ended {
    let note = recorded.send_failed.as_ref().map(|cause| {
        let cause = context.connection.sentence(cause);
        format!("Its message could not be sent; the sweep sends it within 90 seconds. {cause}")
    });
    changed(context, &recorded.order, before, true, note);
    Ended::Done
}

fn changed(context: &Context, order: &WorkOrder, before: Status, changed: bool, note: Option<String>) {
    if context.out.json {
        context.out.value(&json!({
            "reference": order.reference().to_string(),
            "from": before,
            "to": order.status(),
            "changed": changed,
            "balance_due": order.balance_due().to_json(),
            "note": note,
        }));
        return;
    }
    let what = if changed { format!("{before} -> {}.", order.status()) } else { format!("{}.", order.status()) };
    context.out.line(format!("{}: {what} {}", order.reference(), note.unwrap_or_default()).trim_end());
}
