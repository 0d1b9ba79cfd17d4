//! The bodies that endpoints get. Documented in infra/docs/webhooks.md and in infra/openapi.yaml, `webhooks`.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use crate::domain::{event::Event, time::Timestamp, work_order::WorkOrder};

/// The body of an event: thin, with nothing of the customer in it and no secret. Whoever needs more asks for the order
/// with a key of its own.
pub fn body(event: &Event, order: &WorkOrder) -> String {
    json!({
        "type": event.kind.as_str(),
        "timestamp": written(event.at),
        "data": {
            "work_order_id": order.number.0,
            "reference_code": order.reference().to_string(),
            "uniqid": order.uuid,
            "wc_order_id": order.wc_order_id,
            "shop": order.shop,
            "source": order.source,
            "type": order.kind().as_str(),
            "item_count": order.cart.len(),
            "status": event.to.as_str(),
            "previous_status": event.from.map_or(Value::Null, |from| from.as_str().into()),
            "currency": order.currency.code(),
            "total": order.order_total().to_json(),
            "amount_paid": order.prev_paid().to_json(),
            "balance_due": order.balance_due().to_json(),
            "version": order.version,
        },
    })
    .to_string()
}

/// The body of an event that `ops webhooks test` sends: no order, and a kind that no subscription names.
pub fn test_body(at: Timestamp) -> String {
    json!({ "type": "webhook.test", "timestamp": written(at), "data": {} }).to_string()
}

fn written(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
