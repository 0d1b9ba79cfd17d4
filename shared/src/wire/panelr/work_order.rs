//! Orders into replies.

use serde_json::{Value, json};

use crate::domain::{
    adjustment::Adjustment,
    cart::CartItem,
    catalogue::PaymentMode,
    status::Status,
    time::to_wire,
    token::TokenSecrets,
    work_order::{MethodSnapshot, Payment, WorkOrder},
};

/// The reply to complete_order. Only what never changes of an order: a replay is the same, byte for byte.
pub fn completed(order: &WorkOrder) -> Value {
    json!({
        "work_order_id": order.number,
        "reference_code": order.reference().to_string(),
        "status": Status::Queued.as_str(),
        "type": order.kind().as_str(),
        "item_count": order.cart.len(),
    })
}

/// The reply to create_activation and create_renewal.
pub fn completed_one(order: &WorkOrder) -> Value {
    json!({
        "work_order_id": order.number,
        "reference_code": order.reference().to_string(),
        "status": Status::Queued.as_str(),
    })
}

/// The reply to submit_payment. The sums are said only to a caller who said an amount.
pub fn submitted(order: &WorkOrder, with_sums: bool) -> Value {
    let mut data = json!({
        "work_order_id": order.number,
        "reference_code": order.reference().to_string(),
        "status": Status::PaymentSubmitted.as_str(),
        "fully_paid": order.prev_paid() >= order.order_total(),
    });
    if with_sums {
        data["amount_paid"] = order.prev_paid().to_json().into();
        data["balance_due"] = order.balance_due().to_json().into();
    }
    data
}

/// The reply to send_payment_instructions. The service sends no mail yet.
pub fn instructions_asked_for(order: &WorkOrder) -> Value {
    json!({ "sent": false, "reference_code": order.reference().to_string() })
}

/// The reply to create_work_order. The token is computed again, under the secret that the order was made with.
pub fn created(order: &WorkOrder, tokens: &TokenSecrets) -> Value {
    let version = order.token_version.unwrap_or_else(|| tokens.current_version());
    let token = tokens.token(order.uuid, version);
    json!({
        "work_order_id": order.number,
        "reference_code": order.reference().to_string(),
        "confirmation_token": token.as_str(),
        "status": order.created_status.as_str(),
        "type": order.kind().as_str(),
        "item_count": order.cart.len(),
    })
}

/// The reply to get_work_order: these 18 fields and no other.
pub fn shown(order: &WorkOrder) -> Value {
    json!({
        "reference_code": order.reference().to_string(),
        "status": public_status(order.status()),
        "type": order.kind().as_str(),
        "source": order.source,
        "customer_email": order.customer.email.as_str(),
        "customer_name": order.customer.name,
        "currency": order.currency.code(),
        "cart": order.cart.iter().map(|line| cart_line(order, line)).collect::<Vec<_>>(),
        "snap_total": order.snap_total().to_json(),
        "order_total": order.order_total().to_json(),
        "prev_paid": order.prev_paid().to_json(),
        "balance_due": order.balance_due().to_json(),
        "has_partials": order.has_partials(),
        "payment_history": order.payments().iter().map(payment).collect::<Vec<_>>(),
        "adjustment": order.adjustment.as_ref().map(adjustment),
        "payment_method": order.payment_method.as_ref().map(method),
        "created_at": to_wire(order.created_at),
        "updated_at": to_wire(order.updated_at),
    })
}

/// What customers see of a state. An order whose provisioning failed waits for an operator, as a pending one does.
pub fn public_status(status: Status) -> &'static str {
    match status {
        Status::Queued | Status::Provisioning => "awaiting_webhook",
        Status::Failed => Status::Pending.as_str(),
        other => other.as_str(),
    }
}

fn cart_line(order: &WorkOrder, line: &CartItem) -> Value {
    let usernames = (!line.linked_usernames.is_empty()).then(|| line.linked_usernames.join(", "));
    json!({
        "name": line.name,
        "qty": line.qty,
        "price": line.price.to_json(),
        "product_id": line.product_id,
        "intent": line.intent.as_str(),
        "activation_id": line.activation_id,
        "wc_order_id": order.wc_order_id,
        "linked_username": usernames,
    })
}

fn payment(payment: &Payment) -> Value {
    json!({
        "amount": payment.amount.to_json(),
        "at": to_wire(payment.at),
        "transaction_id": payment.transaction_id,
        "method": payment.method,
    })
}

fn adjustment(adjustment: &Adjustment) -> Value {
    json!({
        "direction": adjustment.direction.as_str(),
        "label": adjustment.label,
        "amount": adjustment.amount.to_json(),
    })
}

fn method(method: &MethodSnapshot) -> Value {
    json!({
        "id": method.id,
        "name": method.label,
        "processor": method.processor,
        "mode": method.mode,
        "is_automated": method.mode == PaymentMode::Automated,
        "instructions": method.instructions,
        "config": method.config,
    })
}
