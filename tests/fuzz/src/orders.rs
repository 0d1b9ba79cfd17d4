//! Requests that record or complete an order. Input: perhaps a line `Idempotency-Key: ...`, then the body.
//!
//! What is refused leaves no order and no message. What is accepted is there as it was answered, is answered again to the byte
//! where it has an idempotency key, can be shown on both sides, and can be provisioned.

use lambda_http::http::{HeaderName, HeaderValue};
use serde_json::Value;
use shared::{
    domain::{status::Status, work_order::WorkOrder},
    ports::OrderRef,
};
use support::service::Answer;

use crate::{
    queue,
    send::{Sent, send},
    world::World,
};

/// complete_order with a cart.
pub(crate) fn complete_order(input: &[u8]) -> String {
    order("complete_order", "/api/complete_order", input)
}

/// complete_order with a token.
pub(crate) fn complete_by_token(input: &[u8]) -> String {
    order("complete_order", "/api/complete_order", input)
}

pub(crate) fn create_work_order(input: &[u8]) -> String {
    order("create_work_order", "/api/create_work_order", input)
}

pub(crate) fn create_activation(input: &[u8]) -> String {
    order("create_activation", "/api/create_activation", input)
}

pub(crate) fn create_renewal(input: &[u8]) -> String {
    order("create_renewal", "/api/create_renewal", input)
}

/// The headers and the body in an input.
pub(crate) fn head_and_body(input: &[u8]) -> (Vec<(HeaderName, HeaderValue)>, &[u8]) {
    let key = HeaderName::from_static("idempotency-key");
    let Some(rest) = input.strip_prefix(b"Idempotency-Key: ") else { return (Vec::new(), input) };
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (value, body) = rest.split_at(end);
    match HeaderValue::from_bytes(value) {
        Ok(value) => (vec![(key, value)], body),
        Err(_) => (Vec::new(), body),
    }
}

fn order(function: &'static str, path: &str, input: &[u8]) -> String {
    let world = World::new();
    let before = world.store.all_orders().len();
    let (headers, body) = head_and_body(input);
    let sent = Sent { headers, ..Sent::post(path, body) };
    let answer = send(&world, function, &sent);
    let messages = world.store.take_sent();
    let made = world.store.all_orders().len() - before;
    if answer.status != 200 {
        assert_eq!((made, messages.len()), (0, 0), "{function} refused, and left something: {}", answer.text);
        return answer.status.to_string();
    }
    let order = world.order(answer.data()["reference_code"].as_str().expect("a reference code"));
    accepted(function, &answer, &order, made, &messages);
    again(&world, function, &sent, &answer, &order);
    shown(&world, &order);
    if let Some(token) = answer.data()["confirmation_token"].as_str() {
        let query = format!("ref={}&token={token}", order.reference());
        assert_eq!(
            send(&world, "get_work_order", &Sent::get("/api/get_work_order", &query)).status,
            200,
            "by its token"
        );
    }
    if order.status() == Status::Queued {
        provisioned(&world, &order);
    }
    answer.status.to_string()
}

fn accepted(function: &str, answer: &Answer, order: &WorkOrder, made: usize, messages: &[OrderRef]) {
    let queued = order.status() == Status::Queued;
    if made == 0 {
        // By token: an order that was there. One that was further already is answered and not queued once more.
        assert!(order.token_version == Some(1) && messages.len() <= 1, "{function}: {}", answer.text);
    } else {
        assert_eq!((made, messages.len()), (1, usize::from(queued)), "{function}: {}", answer.text);
        assert!(order.number.0 < 42, "a number of its own");
    }
    assert!(messages.iter().all(|name| *name == OrderRef::from(order)), "another order was queued");
    if function != "create_work_order" {
        assert_eq!(answer.data()["status"], "queued", "{function}");
        // What an operator or another shop let through before may be unpaid.
        let now = !messages.is_empty();
        assert!(!now || order.balance_due().is_zero(), "{function}: {} is due", order.balance_due());
    }
}

/// The same request once more.
fn again(world: &World, function: &'static str, sent: &Sent<'_>, first: &Answer, order: &WorkOrder) {
    let before = world.store.all_orders().len();
    let second = send(world, function, sent);
    let by_token = order.token_version.is_some() && function == "complete_order";
    if order.fingerprints.is_some() || by_token {
        assert_eq!((second.status, &second.text), (first.status, &first.text), "{function}: the same request again");
        assert_eq!(world.store.all_orders().len(), before, "{function}: an order was made twice");
        assert!(world.store.take_sent().iter().all(|name| name.order == order.uuid));
    }
}

/// Both sides show it.
pub(crate) fn shown(world: &World, order: &WorkOrder) {
    let email: String = form_urlencoded::byte_serialize(order.customer.email.as_str().as_bytes()).collect();
    let query = format!("ref={}&email={email}", order.reference());
    let answer = send(world, "get_work_order", &Sent::get("/api/get_work_order", &query));
    assert_eq!(answer.status, 200, "get_work_order: {}", answer.text);
    assert_eq!(answer.data()["reference_code"], order.reference().to_string());
    let id = order.reference().to_string();
    let path = format!("/dev/v1/orders/{id}");
    let answer = send(world, "get_order", &Sent { id: Some(id.clone()), ..Sent::get(&path, "") });
    assert_eq!((answer.status, &answer.json()["data"]["id"]), (200, &Value::from(id)), "get_order: {}", answer.text);
}

/// Its message is worked off, and it is shown as what became of it.
fn provisioned(world: &World, order: &WorkOrder) {
    let failures = queue::deliver(world, &OrderRef::from(order));
    assert!(failures.is_empty(), "its message is not done with");
    let order = world.order(&order.reference().to_string());
    assert!(matches!(order.status(), Status::Completed | Status::Failed), "{}", order.status());
    shown(world, &order);
}
