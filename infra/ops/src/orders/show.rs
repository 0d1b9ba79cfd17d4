//! `ops orders show`: everything that is known of an order.

use serde_json::{Value, json};
use shared::{
    domain::{
        adjustment::Adjustment,
        time::{to_sortable, to_wire},
        work_order::{Payment, WorkOrder},
    },
    use_case::operator::activations::activations_of,
};

use super::named::find;
use crate::{
    context::Context,
    error::{Ended, OpsError},
    mask::Reveal,
    output::{Text, Tone, plain, time},
};

pub(super) async fn run(context: &Context, named: &str, reveal: Reveal) -> Result<Ended, OpsError> {
    let order = find(&context.store(), named).await?;
    if context.out.json {
        context.out.value(&as_json(&order, reveal));
    } else {
        for_people(context, &order, reveal);
    }
    Ok(Ended::Done)
}

/// What a list shows of an order, as JSON.
pub(super) fn summary(order: &WorkOrder, reveal: Reveal) -> Value {
    json!({
        "reference": order.reference().to_string(),
        "work_order_id": order.number,
        "uuid": order.uuid,
        "status": order.status(),
        "type": order.kind().as_str(),
        "shop": order.shop,
        "created_at": to_sortable(order.created_at),
        "updated_at": to_sortable(order.updated_at),
        "customer_email": reveal.email(order.customer.email.as_str()),
        "currency": order.currency.code(),
        "order_total": order.order_total().to_json(),
        "prev_paid": order.prev_paid().to_json(),
        "balance_due": order.balance_due().to_json(),
        "failure": order.failure,
    })
}

/// An order as JSON.
pub fn as_json(order: &WorkOrder, reveal: Reveal) -> Value {
    let mut value = summary(order, reveal);
    let items = order.cart.iter().map(|item| {
        json!({
            "product_id": item.product_id,
            "name": item.name,
            "intent": item.intent.as_str(),
            "qty": item.qty,
            "price": item.price.to_json(),
            "duration_months": item.duration_months,
            "connections": item.connections,
            "activation_id": item.activation_id,
            "linked_usernames": item.linked_usernames.iter().map(|name| reveal.text(name)).collect::<Vec<_>>(),
        })
    });
    let payments = order.payments().iter().map(|payment| {
        json!({
            "amount": payment.amount.to_json(),
            "at": to_sortable(payment.at),
            "transaction_id": payment.transaction_id,
            "method": payment.method,
        })
    });
    let history = order.history().iter().map(|change| {
        json!({
            "at": to_sortable(change.at),
            "by": change.by,
            "from": change.from,
            "to": change.to,
            "note": reveal.note(change),
        })
    });
    let more = json!({
        "source": order.source,
        "queued_at": order.queued_at.map(to_sortable),
        "next_attempt_at": order.next_attempt_at.map(to_sortable),
        "resends": order.resends,
        "customer": {
            "email": reveal.email(order.customer.email.as_str()),
            "name": reveal.json(order.customer.name.as_deref()),
            "phone": reveal.json(order.customer.phone.as_deref()),
            "address": reveal.json(order.customer.address.as_deref()),
        },
        "wc_order_id": order.wc_order_id,
        "notes": order.notes.as_deref().map(|notes| reveal.prose(notes)),
        "items": items.collect::<Vec<_>>(),
        "lines": activations_of(order),
        "bouquet_ids": order.bouquet_ids,
        "categories": order.categories,
        "adjustment": order.adjustment.as_ref().map(|adjustment| json!({
            "direction": adjustment.direction.as_str(),
            "label": adjustment.label,
            "amount": adjustment.amount.to_json(),
        })),
        "payment_method": order.payment_method.as_ref().map(|method| json!({
            "id": method.id,
            "label": method.label,
            "mode": method.mode,
            "processor": method.processor,
        })),
        "payments": payments.collect::<Vec<_>>(),
        "version": order.version,
        "history": history.collect::<Vec<_>>(),
        "history_dropped": order.dropped_changes(),
    });
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
    value
}

fn for_people(context: &Context, order: &WorkOrder, reveal: Reveal) {
    let out = &context.out;
    out.table(&[], facts(order, reveal));
    let format = |amount| order.currency.format(amount);
    out.line("");
    let items = order.cart.iter().map(|item| {
        vec![
            plain(item.product_id),
            plain(&item.name),
            plain(item.intent.as_str()),
            plain(item.qty),
            plain(format(item.price)),
            plain(item.activation_id.map_or_else(|| "-".to_owned(), |id| id.to_string())),
            plain(item.linked_usernames.iter().map(|name| reveal.text(name)).collect::<Vec<_>>().join(" ")),
        ]
    });
    out.table(&["PRODUCT", "NAME", "INTENT", "QTY", "PRICE", "RENEWS", "USER NAMES"], items.collect());
    if !order.payments().is_empty() {
        out.line("");
        let payment = |payment: &Payment| {
            vec![
                plain(to_wire(payment.at)),
                plain(format(payment.amount)),
                plain(payment.method.as_deref().unwrap_or("-")),
                plain(payment.transaction_id.as_deref().unwrap_or("-")),
            ]
        };
        out.table(&["PAID", "AMOUNT", "METHOD", "TRANSACTION"], order.payments().iter().map(payment).collect());
    }
    out.line("");
    out.table(&["WHEN", "BY", "FROM", "TO", "NOTE"], history(order, reveal));
}

fn facts(order: &WorkOrder, reveal: Reveal) -> Vec<Vec<Text>> {
    let format = |amount| order.currency.format(amount);
    let mut rows = Vec::new();
    let mut row = |name: &str, value: Text| rows.push(vec![plain(name), value]);
    row("order", plain(order.reference()));
    row("status", (order.status().to_string(), Tone::of(order.status())));
    if let Some(failure) = &order.failure {
        row("failure", (failure.clone(), Tone::Bad));
    }
    row("uuid", plain(order.uuid));
    row("shop", plain(format!("{}, {}", order.shop, order.source)));
    row("created", plain(to_wire(order.created_at)));
    if order.queued_at.is_some() {
        row("queued", plain(time(order.queued_at)));
    }
    if order.next_attempt_at.is_some() && order.open_as().is_some() {
        let resends = format!("{}, re-sent {} times", time(order.next_attempt_at), order.resends);
        row("next attempt", plain(resends));
    }
    row("customer", plain(reveal.email(order.customer.email.as_str())));
    let customer = &order.customer;
    for (name, value) in [("name", &customer.name), ("phone", &customer.phone), ("address", &customer.address)] {
        if let Some(value) = value {
            row(name, plain(reveal.text(value)));
        }
    }
    if let Some(id) = &order.wc_order_id {
        row("shop's order", plain(id));
    }
    if let Some(notes) = &order.notes {
        row("notes", plain(reveal.prose(notes)));
    }
    if let Some(Adjustment { direction, label, amount }) = &order.adjustment {
        let label = label.as_deref().unwrap_or_default();
        row(direction.as_str(), plain(format!("{} {label}", format(*amount)).trim_end()));
    }
    row("total", plain(format(order.order_total())));
    let tone = if order.balance_due().is_zero() { Tone::Plain } else { Tone::Waits };
    row("due", (format(order.balance_due()), tone));
    if let Some(method) = order.method_label() {
        row("paid by", plain(method));
    }
    let lines: Vec<String> = activations_of(order).into_iter().map(|id| id.to_string()).collect();
    row("lines", plain(lines.join(" ")));
    rows
}

fn history(order: &WorkOrder, reveal: Reveal) -> Vec<Vec<Text>> {
    let mut rows: Vec<Vec<Text>> = order
        .history()
        .iter()
        .map(|change| {
            vec![
                plain(to_wire(change.at)),
                plain(&change.by),
                plain(change.from.map_or("-", |from| from.as_str())),
                (change.to.to_string(), Tone::of(change.to)),
                plain(reveal.note(change).unwrap_or_default()),
            ]
        })
        .collect();
    if order.dropped_changes() > 0 {
        let dropped = format!("{} changes between are no longer kept", order.dropped_changes());
        let gap = vec![plain("..."), plain(""), plain(""), plain(""), plain(dropped)];
        rows.insert(1.min(rows.len()), gap);
    }
    rows
}
