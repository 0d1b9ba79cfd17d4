//! What must hold of each change of an order, against the version before it.

use shared::domain::{status::Status, work_order::WorkOrder};

/// Who may bring an order from where to where: the contract's table.
const TABLE: [(Status, &[&str], Status); 18] = {
    use Status::{Canceled, Completed, Failed, PaymentSubmitted, Pending, PendingPayment, Queued};
    const KEY: &[&str] = &["key"];
    const PAID: &[&str] = &["key", "operator"];
    const OPERATOR: &[&str] = &["operator"];
    const PROVISION: &[&str] = &["provision"];
    const WORKERS: &[&str] = &["provision", "sweep"];
    [
        (PendingPayment, KEY, PaymentSubmitted),
        (Pending, KEY, PaymentSubmitted),
        (Pending, PAID, Queued),
        (PendingPayment, PAID, Queued),
        (PaymentSubmitted, PAID, Queued),
        (PaymentSubmitted, OPERATOR, PendingPayment),
        (Pending, OPERATOR, Canceled),
        (PendingPayment, OPERATOR, Canceled),
        (PaymentSubmitted, OPERATOR, Canceled),
        (Failed, OPERATOR, Canceled),
        (Failed, PROVISION, Completed),
        (Queued, PROVISION, Completed),
        (Queued, WORKERS, Failed),
        (Failed, OPERATOR, Queued),
        (PaymentSubmitted, KEY, PaymentSubmitted),
        (Pending, KEY, Pending),
        // A remark: the provisioner refused to switch a line off.
        (Canceled, PROVISION, Canceled),
        (PendingPayment, KEY, PendingPayment),
    ]
};

/// May `after` follow `before` in the store? Without a `before` the order is new.
pub(crate) fn change(before: Option<&WorkOrder>, after: &WorkOrder) -> Result<(), String> {
    let refuse = |what: &str| Err(format!("{after:?} after {before:?}: {what}"));
    let Some(before) = before else {
        return if after.version == 1 && after.history().len() == 1 {
            Ok(())
        } else {
            refuse("a new order has a past")
        };
    };
    if after.version != before.version + 1 {
        return refuse("a version was skipped or came twice");
    }
    let terms = |order: &WorkOrder| {
        let cart: Vec<_> = order.cart.iter().map(|line| (line.product_id, line.qty, line.price, line.intent)).collect();
        (order.uuid, order.number, order.order_total(), order.created_at, order.created_status, cart)
    };
    if terms(before) != terms(after) {
        return refuse("its terms changed");
    }
    if after.updated_at < before.updated_at {
        return refuse("it went back in time");
    }
    let (from, to) = (before.status(), after.status());
    let new = after.history().len().saturating_sub(before.history().len());
    if new > 1 || after.history().get(..before.history().len()) != Some(before.history()) {
        return refuse("its history was rewritten");
    }
    let by = after.history().last().filter(|_| new == 1).map(|change| change.by.as_str());
    let by = by.map(|by| by.split(':').next().unwrap_or_default());
    match by {
        // Bookkeeping: when it is to be tried again, how often it was sent, that all its lines are off.
        None if from == to && before.open_as() == Some(Status::Queued) && before.payments() == after.payments() => {}
        Some(by) if TABLE.iter().any(|(a, who, b)| (*a, *b) == (from, to) && who.contains(&by)) => {}
        _ => return refuse(&format!("{by:?} may not do that")),
    }
    let kept = after.payments().get(..before.payments().len()) == Some(before.payments());
    let added = after.payments().len().saturating_sub(before.payments().len());
    // An operator who confirms less sets the latest payment right.
    let set_right = by == Some("operator") && to == Status::PendingPayment;
    if added > 1 || !(kept || set_right) {
        return refuse("money was lost or came twice");
    }
    Ok(())
}
