//! Events: the stream is published and its events are delivered while every step of it is cut.

use serde_json::json;

use crate::{
    actors::Role,
    requests::Request,
    scenario::{Before, Scenario},
    single::{WRITE, assert_cut, client, consumer},
    systematic::explore,
    world::Turn,
};

fn publisher(rounds: usize) -> Role {
    Role::Publisher { rounds, batch: 10 }
}

fn courier(rounds: usize, batch: usize) -> Role {
    Role::WebhookSender { rounds, batch }
}

fn one_line(id: &str) -> Request {
    Request::cart(id, json!({ "payment_transaction_id": format!("pi_{id}") }))
}

/// Two orders from their beginning to their end, and between them something that nobody can read.
fn lives() -> Vec<Before> {
    vec![Before::Sent(one_line("1")), Before::RequestError, Before::Sent(one_line("2")), Before::WorkedOff]
}

#[test]
fn the_stream_is_published() {
    let scenario = Scenario::new("the stream is published", vec![publisher(4)]).after(lives()).faults(3);
    let explored = explore(&scenario);
    assert_cut(&explored, "queue events", &WRITE);
    assert_cut(&explored, "queue events", &[Turn::Half]);
    assert_cut(&explored, "put aside", &WRITE);
    assert_cut(&explored, "read endpoints", &[Turn::FailBefore, Turn::DieBefore]);
    let more = (3..9).map(|id| Before::Sent(one_line(&id.to_string())));
    let before = lives().into_iter().chain(more).chain([Before::WorkedOff]).collect();
    // More events than a batch of the queue may have.
    explore(&Scenario::new("a long stream is published", vec![publisher(3)]).after(before).faults(2));
}

#[test]
fn events_are_delivered() {
    let before = vec![Before::Sent(one_line("1")), Before::WorkedOff, Before::Published];
    let scenario = Scenario::new("events are delivered", vec![courier(4, 1)]).after(before.clone()).faults(2);
    let explored = explore(&scenario);
    assert_cut(&explored, "post event", &[Turn::FailBefore, Turn::FailAfter, Turn::Refuse]);
    assert_cut(&explored, "post event", &[Turn::DieBefore, Turn::DieAfter]);
    assert_cut(&explored, "read endpoint", &[Turn::FailBefore, Turn::DieBefore]);
    assert_cut(&explored, "receive events", &[Turn::Duplicate]);
    assert_cut(&explored, "delete events", &[Turn::FailBefore, Turn::FailAfter]);
    explore(&Scenario::new("events are delivered in a batch", vec![courier(2, 10)]).after(before.clone()));
    explore(&Scenario::new("two deliver events", vec![courier(2, 2), courier(2, 2)]).after(before));
}

#[test]
fn events_are_published_while_others_are_delivered() {
    let before = vec![Before::Sent(one_line("1")), Before::WorkedOff];
    let roles = vec![Role::Publisher { rounds: 3, batch: 1 }, courier(3, 2)];
    explore(&Scenario::new("events are published while others are delivered", roles).after(before));
}

#[test]
fn a_client_a_consumer_and_the_stream() {
    let roles = vec![client(one_line("1")), consumer(), Role::Publisher { rounds: 3, batch: 2 }];
    explore(&Scenario::new("a client, a consumer and the stream", roles));
}

#[test]
fn a_payment_and_the_stream() {
    let submit = client(Request::submit("1", json!({ "payment_transaction_id": "V1", "amount": 4 })));
    let complete = client(Request::by_token("1", json!({ "payment_transaction_id": "pi_1" })));
    let before = vec![Before::Sent(Request::create("1", "pending_payment", json!({})))];
    let scenario = Scenario::new("a payment and the stream", vec![submit, complete, publisher(2)]);
    explore(&scenario.after(before).refusing(&["WrongState"]));
}
