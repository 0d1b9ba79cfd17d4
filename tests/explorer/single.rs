//! One at a time: every prefix of the steps of each action, cut, and what comes after.

use serde_json::{Value, json};
use shared::domain::money::{Amount, Currency};

use crate::{
    actors::{Act, Role},
    requests::Request,
    scenario::{Before, Scenario},
    systematic::explore,
    world::Turn,
};

/// Every kind of effect.
pub(crate) fn full_cart() -> Value {
    json!({ "payment_transaction_id": "pi_1", "payment_amount": 76.47, "items": [
        { "product_id": 1, "intent": "new_activation", "qty": 2 },
        { "product_id": 1, "intent": "renewal", "activation_id": 321 },
        { "product_id": 2, "intent": "trial_upgrade", "activation_id": 45 },
    ] })
}

/// One new line and one renewal.
pub(crate) fn cart() -> Value {
    json!({ "payment_transaction_id": "pi_1", "items": [
        { "product_id": 1, "intent": "new_activation" },
        { "product_id": 1, "intent": "renewal", "activation_id": 321 },
    ] })
}

pub(crate) fn client(request: Request) -> Role {
    Role::Client(vec![request])
}

pub(crate) fn consumer() -> Role {
    Role::Consumer { rounds: 2, batch: 10 }
}

/// What an operator finds on the account.
pub(crate) fn three() -> Amount {
    Amount::new(3.into(), Currency::USD).unwrap()
}

/// The step was cut in each of these ways.
pub(crate) fn assert_cut(explored: &crate::systematic::Explored, step: &'static str, turns: &[Turn]) {
    for turn in turns {
        assert!(explored.cut.contains(&(step, *turn)), "{step} met no {turn:?}: {:?}", explored.cut);
    }
}

pub(crate) const WRITE: [Turn; 5] = [Turn::FailBefore, Turn::FailAfter, Turn::DieBefore, Turn::DieAfter, Turn::Repeat];

#[test]
fn complete_order_with_a_cart() {
    let scenario = Scenario::new("complete_order with a cart", vec![client(Request::cart("1", full_cart()))]).faults(3);
    let explored = explore(&scenario);
    for step in ["lease numbers", "create order", "point", "send message"] {
        assert_cut(&explored, step, &WRITE);
    }
    assert_cut(&explored, "send message", &[Turn::Lose]);
}

#[test]
fn complete_order_under_a_header() {
    let request = Request::cart_under(Some("key-1"), "1", full_cart());
    let explored = explore(&Scenario::new("complete_order under a header", vec![client(request)]).faults(3));
    assert_cut(&explored, "create order", &WRITE);
}

#[test]
fn create_work_order() {
    for status in ["pending", "pending_payment", "completed"] {
        let request = Request::create("1", status, json!({}));
        let explored = explore(&Scenario::new("create_work_order", vec![client(request)]).faults(3));
        for step in ["lease numbers", "create order", "point"] {
            assert_cut(&explored, step, &WRITE);
        }
    }
}

fn created(status: &str) -> Vec<Before> {
    vec![Before::Sent(Request::create("1", status, json!({})))]
}

#[test]
fn complete_order_by_token() {
    for status in ["pending", "pending_payment", "payment_submitted"] {
        for request in [
            Request::by_token("1", json!({ "payment_transaction_id": "pi_1" })),
            Request::by_token("1", json!({ "payment_transaction_id": "pi_1", "payment_amount": 9.99 })),
            Request::by_token_under("key-1", "1", json!({ "payment_amount": 9.99 })),
        ] {
            let scenario = Scenario::new("complete_order by token", vec![client(request)]).after(created(status));
            let explored = explore(&scenario.faults(3));
            for step in ["save order", "send message"] {
                assert_cut(&explored, step, &WRITE);
            }
        }
    }
}

#[test]
fn complete_order_by_token_in_two_payments() {
    for (first, second) in [
        (
            Request::by_token("1", json!({ "payment_transaction_id": "pi_1", "payment_amount": 4 })),
            Request::by_token("1", json!({ "payment_transaction_id": "pi_2", "payment_amount": 5.99 })),
        ),
        (
            Request::by_token_under("key-1", "1", json!({ "payment_amount": 4 })),
            Request::by_token_under("key-2", "1", json!({ "payment_amount": 5.99 })),
        ),
        (
            Request::by_token("1", json!({ "payment_amount": 4 })),
            Request::by_token("1", json!({ "payment_amount": 5.99 })),
        ),
    ] {
        let scenario = Scenario::new("by token in two payments", vec![Role::Client(vec![first, second])]);
        explore(&scenario.after(created("pending_payment")).refusing(&["BalanceLeft"]).faults(2));
    }
}

#[test]
fn submit_payment() {
    let request =
        Request::submit("1", json!({ "payment_transaction_id": "V1", "amount": 4, "customer_note": "rest later" }));
    let scenario = Scenario::new("submit_payment", vec![client(request)]).after(created("pending_payment"));
    assert_cut(&explore(&scenario.faults(3)), "save order", &WRITE);
}

#[test]
fn complete_pending_order() {
    for header in [None, Some("key-1")] {
        let request = Request::complete_pending(header, "1");
        let scenario = Scenario::new("complete_pending_order", vec![client(request)]).after(created("pending"));
        // Without a key, whoever asks again after a lost answer is told that the order is completed: 422.
        let scenario = if header.is_none() { scenario.refusing(&["WrongState"]) } else { scenario };
        assert_cut(&explore(&scenario.faults(3)), "save order", &WRITE);
    }
}

#[test]
fn provision() {
    let scenario = Scenario::new("provision", vec![Role::Consumer { rounds: 4, batch: 10 }]);
    let explored = explore(&scenario.after(vec![Before::Sent(Request::cart("1", full_cart()))]).faults(2));
    for step in ["make line", "save line", "save order"] {
        assert_cut(&explored, step, &WRITE);
    }
    assert_cut(&explored, "receive", &[Turn::Duplicate]);
    assert_cut(&explored, "delete messages", &[Turn::FailBefore, Turn::FailAfter]);
}

#[test]
fn the_sweep() {
    let lost = vec![Before::Sent(Request::cart("1", full_cart())), Before::MessagesLost];
    let scenario = Scenario::new("the sweep", vec![Role::Schedule { runs: 3 }]).after(lost).faults(3);
    let explored = explore(&scenario);
    assert_cut(&explored, "read index", &[Turn::FailBefore, Turn::DieBefore, Turn::Stale]);
    assert_cut(&explored, "send message", &WRITE);
}

#[test]
fn an_operator() {
    let uuid = Request::created("1");
    for act in [Act::Approve, Act::Cancel] {
        let scenario =
            Scenario::new("an operator", vec![Role::Operator(uuid, act)]).after(created("payment_submitted"));
        assert_cut(&explore(&scenario.faults(3)), "save order", &WRITE);
    }
}

#[test]
fn an_operator_who_finds_less_than_was_said() {
    let uuid = Request::created("1");
    let said = Request::submit("1", json!({ "payment_transaction_id": "V1", "amount": 4 }));
    let before = vec![Before::Sent(Request::create("1", "pending_payment", json!({}))), Before::Sent(said)];
    let scenario = Scenario::new("an operator who finds less", vec![Role::Operator(uuid, Act::Partial(three()))]);
    assert_cut(&explore(&scenario.after(before).faults(3)), "save order", &WRITE);
}

#[test]
fn an_operator_with_a_failed_order() {
    for act in [Act::Retry, Act::Cancel] {
        let (uuid, before) = failed();
        let scenario = Scenario::new("an operator with a failed order", vec![Role::Operator(uuid, act)]).after(before);
        // The message that is sent in the end may be its only one; or there is none at all.
        assert_cut(&explore(&scenario.may_fail().faults(3)), "save order", &WRITE);
    }
}

/// An order that failed when half of it was done: the line it renews is gone, and is there again.
pub(crate) fn failed() -> (uuid::Uuid, Vec<Before>) {
    let request = Request::cart("1", full_cart());
    let before = vec![Before::Sent(request.clone()), Before::Removed(321), Before::WorkedOff, Before::Restored(321)];
    (request.order, before)
}
