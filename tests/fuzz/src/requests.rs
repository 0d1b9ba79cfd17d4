//! Requests about orders that are there.

use std::collections::BTreeSet;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use shared::domain::status::Status;

use crate::{
    orders::{head_and_body, shown},
    send::{Sent, send},
    world::World,
};

/// What no gateway would make a request of: texts that are not UTF-8, paths without an id.
const UNROUTED: &str = "unrouted";

/// Input: the query string.
pub(crate) fn get_work_order(input: &[u8]) -> String {
    let Ok(query) = std::str::from_utf8(input) else { return UNROUTED.to_owned() };
    let world = World::new();
    let answer = send(&world, "get_work_order", &Sent::get("/api/get_work_order", query));
    if answer.status == 200 {
        let order = world.order(answer.data()["reference_code"].as_str().expect("a reference code"));
        let asked = form_urlencoded::parse(input).find(|(name, _)| name == "ref").map(|(_, value)| value);
        assert_eq!(asked.as_deref().map(str::trim), Some(order.reference().to_string().as_str()));
    }
    answer.status.to_string()
}

/// Input: the body. A submitted payment is sent again: with a transaction id that is the same payment, without one it is refused.
pub(crate) fn submit_payment(input: &[u8]) -> String {
    let world = World::new();
    let sent = Sent::post("/api/submit_payment", input);
    let answer = send(&world, "submit_payment", &sent);
    assert!(world.store.take_sent().is_empty(), "a customer's word queued an order");
    if answer.status != 200 {
        assert!(world.store.all_orders().iter().all(|order| order.payments().is_empty()), "a refused payment was kept");
        return answer.status.to_string();
    }
    let order = world.order(answer.data()["reference_code"].as_str().expect("a reference code"));
    assert_eq!(order.status(), Status::PaymentSubmitted);
    let again = send(&world, "submit_payment", &sent);
    assert!(again.status == 422 || again.text == answer.text, "{}", again.text);
    let after = world.order(&order.reference().to_string());
    assert_eq!(after.payments(), order.payments(), "a payment was counted twice");
    shown(&world, &after);
    answer.status.to_string()
}

/// Input: the body.
pub(crate) fn send_payment_instructions(input: &[u8]) -> String {
    let world = World::new();
    let answer = send(&world, "send_payment_instructions", &Sent::post("/api/send_payment_instructions", input));
    answer.status.to_string()
}

/// Input: a line with the order's id, perhaps a line `Idempotency-Key: ...`, then the body.
pub(crate) fn complete_pending_order(input: &[u8]) -> String {
    let (id, rest) = input.split_at(input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len()));
    let Ok(id) = std::str::from_utf8(id) else { return UNROUTED.to_owned() };
    if id.is_empty() {
        return UNROUTED.to_owned();
    }
    let (headers, body) = head_and_body(rest.strip_prefix(b"\n").unwrap_or(rest));
    let path = format!("/dev/v1/orders/{}/complete", encoded(id));
    let sent = Sent { id: Some(id.to_owned()), headers, ..Sent::post(&path, body) };
    let world = World::new();
    let answer = send(&world, "complete_pending_order", &sent);
    let messages = world.store.take_sent();
    if answer.status != 200 {
        assert!(messages.is_empty(), "a refused completion queued an order");
        return answer.status.to_string();
    }
    let order = world.order(answer.json()["data"]["id"].as_str().expect("an id"));
    assert_eq!((order.status(), messages.len()), (Status::Queued, 1));
    assert!(order.balance_due().is_zero());
    let again = send(&world, "complete_pending_order", &sent);
    assert_eq!(again.status, if sent.headers.is_empty() { 422 } else { 200 }, "{}", again.text);
    assert_eq!(world.order(&order.reference().to_string()).payments(), order.payments(), "it was paid twice");
    shown(&world, &order);
    answer.status.to_string()
}

/// Input: the id in the path.
pub(crate) fn get_order(input: &[u8]) -> String {
    let Ok(id) = std::str::from_utf8(input) else { return UNROUTED.to_owned() };
    if id.is_empty() {
        return UNROUTED.to_owned();
    }
    let path = format!("/dev/v1/invoices/{}", encoded(id));
    let answer = send(&World::new(), "get_order", &Sent { id: Some(id.to_owned()), ..Sent::get(&path, "") });
    answer.status.to_string()
}

/// Input: the query string. The cursors of its pages lead through a list that ends and names no order twice.
pub(crate) fn list_orders(input: &[u8]) -> String {
    let Ok(query) = std::str::from_utf8(input) else { return UNROUTED.to_owned() };
    let world = World::new();
    let mut answer = send(&world, "list_orders", &Sent::get("/dev/v1/orders", query));
    let status = answer.status;
    let (mut seen, mut cursors) = (BTreeSet::new(), BTreeSet::new());
    // A cursor that nobody gave out may begin far above the newest order: empty pages lead down to it, a thousand numbers each.
    let made_up = form_urlencoded::parse(input).any(|(name, _)| name == "cursor");
    while answer.status == 200 {
        let page = answer.json();
        for order in page["data"].as_array().expect("orders") {
            assert!(seen.insert(order["id"].as_str().expect("an id").to_owned()), "{} is on two pages", order["id"]);
        }
        let Some(cursor) = page["pagination"]["next_cursor"].as_str() else { break };
        assert!(cursors.insert(cursor.to_owned()), "a page leads back to itself");
        assert!(made_up || cursors.len() <= world.store.all_orders().len(), "there are more pages than orders");
        if cursors.len() > 20 {
            break;
        }
        // As a client asks for the next page: with what it knows of, which is never too long.
        let known = ["limit", "status", "customerEmail"];
        let others = form_urlencoded::parse(input).filter(|(name, _)| known.contains(&name.as_ref()));
        let next =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(others).append_pair("cursor", cursor).finish();
        answer = send(&world, "list_orders", &Sent::get("/dev/v1/orders", &next));
        assert_eq!(answer.status, 200, "the next page: {}", answer.text);
        assert!(seen.len() <= world.store.all_orders().len());
    }
    status.to_string()
}

fn encoded(id: &str) -> String {
    utf8_percent_encode(id, NON_ALPHANUMERIC).to_string()
}
