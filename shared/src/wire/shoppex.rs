//! The Shoppex order API: requests, the order object, its envelopes.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    fields::Fields,
    json::{parse, text},
    query::parameter,
};
use crate::{
    domain::{
        cart::CartItem,
        email::Email,
        ids::WorkOrderId,
        status::Status,
        time::{Timestamp, to_sortable},
        work_order::WorkOrder,
    },
    ports::Cursor,
    use_case::{
        orders::list_orders::{ListOrders, ListedOrders},
        payments::complete_pending_order::Completion,
        refusal::FieldError,
    },
};

/// Orders of a page where the caller does not say.
const DEFAULT_LIMIT: usize = 50;
/// Orders of a page at most.
const MAX_LIMIT: u64 = 100;
/// Characters of a note.
const NOTE: usize = 5_000;

/// An error: `code` in capitals, a sentence, and for validation the fields that broke a rule.
pub fn failure(code: &str, message: &str, details: &[FieldError]) -> String {
    let doc_url = format!("https://docs.shoppex.io/api/errors#{code}");
    let mut error = json!({ "code": code, "message": message, "doc_url": doc_url });
    if !details.is_empty() {
        let details: Vec<Value> =
            details.iter().map(|error| json!({ "field": error.field, "message": error.message })).collect();
        error["details"] = details.into();
    }
    json!({ "error": error }).to_string()
}

/// The options of a completion. No body, `{}` and `[]` (what PHP makes of no options) all mean none.
pub fn completion(body: &[u8]) -> Result<Completion, Vec<FieldError>> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Completion::default());
    }
    match parse(body) {
        Ok(Value::Array(values)) if values.is_empty() => Ok(Completion::default()),
        Ok(Value::Object(map)) => {
            let mut fields = Fields::new(&map);
            let note = fields.text("note", NOTE);
            let suppress_emails = fields.boolean("suppress_emails");
            let errors = fields.into_errors();
            if errors.is_empty() { Ok(Completion { note, suppress_emails }) } else { Err(errors) }
        }
        Ok(_) => Err(vec![FieldError::new("body", "must be a JSON object")]),
        Err(fault) => Err(vec![FieldError { field: "body".to_owned(), message: fault.to_string() }]),
    }
}

/// The query of a list.
pub fn list_query(query: &str) -> Result<ListOrders, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut get = |name: &str| {
        parameter(query, name).unwrap_or_else(|error| {
            errors.push(error);
            None
        })
    };
    let (limit, cursor, status, email) = (get("limit"), get("cursor"), get("status"), get("customerEmail"));
    let limit = limit.map(|text| text.parse::<u64>().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)));
    if limit == Some(None) {
        errors.push(FieldError::new("limit", format!("must be an integer from 1 to {MAX_LIMIT}")));
    }
    let statuses = status.map_or_else(|| Some(Vec::new()), |status| internal(&status));
    if statuses.is_none() {
        errors.push(FieldError::new("status", "must be one of PENDING, PENDING_PAYMENT, COMPLETED, VOIDED"));
    }
    let customer = email.map(|email| Email::parse(&email));
    if customer == Some(None) {
        errors.push(FieldError::new("customerEmail", "must be an e-mail address such as john@example.com"));
    }
    let after = cursor.map(|cursor| place(&cursor, customer.is_some()));
    if after == Some(None) {
        errors.push(FieldError::new("cursor", "must be the next_cursor of a page of the same list"));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(ListOrders {
        limit: limit.flatten().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(DEFAULT_LIMIT),
        after: after.flatten(),
        statuses: statuses.unwrap_or_default(),
        customer: customer.flatten(),
    })
}

/// A page in its envelope.
pub fn page(page: &ListedOrders) -> String {
    let orders: Value = page.orders.iter().map(order).collect();
    let next = page.next.as_ref().map(cursor);
    let pagination = json!({ "next_cursor": next, "has_more": next.is_some() });
    // Put together by hand: `json!` would copy the orders.
    format!(r#"{{"data":{},"pagination":{}}}"#, text(&orders), text(&pagination))
}

/// An order in its envelope.
pub fn one(it: &WorkOrder) -> String {
    format!(r#"{{"data":{}}}"#, text(&order(it)))
}

/// The order object: these 25 fields, nulls kept.
fn order(order: &WorkOrder) -> Value {
    let status = public_status(order.status());
    let reference = order.payments().iter().rev().find_map(|payment| payment.transaction_id.as_deref());
    let (subtotal, total) = (order.snap_total(), order.order_total());
    let method = order.payment_method.as_ref();
    json!({
        "id": order.reference().to_string(),
        "uniqid": order.uuid,
        "shop_id": order.shop,
        "customer_id": null,
        "customer_email": order.customer.email.as_str(),
        "affiliate_link_id": null,
        "affiliate_customer_id": null,
        "affiliate_code": null,
        "affiliate_discount_amount": 0,
        "currency": order.currency.code(),
        "status": status,
        "status_details": (status == COMPLETED).then_some("Completed"),
        "payment_status": status,
        "gateway": method.and_then(|method| method.processor.as_ref()).map(|processor| processor.to_uppercase()),
        "flow_type": "API",
        "provider_reference": reference,
        "provider_reference_type": reference.map(|_| "TRANSACTION_ID"),
        "subtotal": subtotal.to_json(),
        "discount": subtotal.less(total).to_json(),
        "total": total.to_json(),
        "custom_fields": { "customFields": [] },
        "checkout_url": null,
    "items": order.cart.iter().map(item).collect::<Vec<_>>(),
        "created_at": order.created_at.timestamp(),
        "updated_at": order.updated_at.timestamp(),
    })
}

fn item(line: &CartItem) -> Value {
    json!({
        "product_id": line.product_id.to_string(),
        "product_title": line.name,
        "product_type": "SERVICE",
        "variant_title": null,
        "quantity": line.qty,
        "unit_price": line.price.to_json(),
        "total": line.total().to_json(),
    })
}

const PENDING: &str = "PENDING";
const PENDING_PAYMENT: &str = "PENDING_PAYMENT";
const COMPLETED: &str = "COMPLETED";
const VOIDED: &str = "VOIDED";

/// What this side shows of a state: a sale is complete when it is paid; its delivery is ours.
pub fn public_status(status: Status) -> &'static str {
    match status {
        Status::Pending | Status::PaymentSubmitted => PENDING,
        Status::PendingPayment => PENDING_PAYMENT,
        Status::Queued | Status::Provisioning | Status::Failed | Status::Completed => COMPLETED,
        Status::Canceled | Status::PaymentFailed => VOIDED,
    }
}

/// The states that are shown as this one; none for a name that is no state.
fn internal(shown: &str) -> Option<Vec<Status>> {
    let statuses: Vec<Status> = Status::ALL.into_iter().filter(|status| public_status(*status) == shown).collect();
    (!statuses.is_empty()).then_some(statuses)
}

/// A place as a cursor: opaque to callers, and without anything private.
fn cursor(place: &Cursor) -> String {
    match place {
        Cursor::Number(number) => format!("n_{number}"),
        Cursor::OfCustomer { created_at, order } => format!("c_{}_{}", to_sortable(*created_at), order.simple()),
    }
}

fn place(cursor: &str, of_customer: bool) -> Option<Cursor> {
    match cursor.split_once('_')? {
        ("n", number) if !of_customer => number.parse().ok().map(WorkOrderId).map(Cursor::Number),
        ("c", rest) if of_customer => {
            let (created_at, order) = rest.split_once('_')?;
            let created_at: Timestamp = created_at.parse().ok()?;
            Some(Cursor::OfCustomer { created_at, order: Uuid::try_parse(order).ok()? })
        }
        _ => None,
    }
}
