//! With a provisioner: every effect is reserved, told and marked, and each of these steps is cut, repeated and overtaken. Where
//! several act, the faults are the provisioner's: those of the store and the queue are in `pairs`.

use serde_json::json;

use crate::{
    actors::{Act, Role},
    requests::Request,
    scenario::{Before, Scenario},
    single::{assert_cut, full_cart},
    systematic::explore,
    world::{Kind, Turn},
};

/// What may become of a call of the provisioner.
const CALL: [Turn; 8] = [
    Turn::FailBefore,
    Turn::FailAfter,
    Turn::DieBefore,
    Turn::DieAfter,
    Turn::Repeat,
    Turn::Refuse,
    Turn::Later,
    Turn::Late,
];

fn one() -> Role {
    Role::Consumer { rounds: 1, batch: 1 }
}

/// An order that renews line 321, or makes one.
fn renewal(id: &str) -> Request {
    Request::cart(id, json!({ "items": [{ "product_id": 1, "intent": "renewal", "activation_id": 321 }] }))
}

fn new_line(id: &str) -> Request {
    Request::cart(id, json!({ "payment_transaction_id": "pi_1" }))
}

#[test]
fn the_provisioner_is_told() {
    let scenario = Scenario::new("the provisioner is told", vec![Role::Consumer { rounds: 3, batch: 10 }]);
    let sent = vec![Before::Sent(Request::cart("1", full_cart()))];
    let explored = explore(&scenario.with_provisioner().after(sent));
    assert_cut(&explored, "tell panel", &CALL);
    for step in ["make line", "save line"] {
        assert_cut(&explored, step, &crate::single::WRITE);
    }
    for request in [renewal("1"), new_line("1")] {
        let scenario =
            Scenario::new("the provisioner is told of one line", vec![Role::Consumer { rounds: 4, batch: 10 }]);
        assert_cut(
            &explore(&scenario.with_provisioner().after(vec![Before::Sent(request)]).faults(2)),
            "tell panel",
            &CALL,
        );
    }
}

#[test]
fn two_consumers_tell_the_provisioner() {
    for request in [renewal("1"), new_line("1")] {
        let before = vec![Before::Sent(request.clone()), Before::Message(request.order, 0)];
        let scenario = Scenario::new("two consumers tell the provisioner", vec![one(), one()]);
        explore(&scenario.with_provisioner().after(before).faults_at(&[Kind::Tell]));
    }
}

#[test]
fn two_orders_of_a_line_tell_the_provisioner() {
    let before = vec![Before::Sent(renewal("1")), Before::Sent(renewal("2"))];
    let scenario = Scenario::new("two orders of a line tell the provisioner", vec![one(), one()]);
    explore(&scenario.with_provisioner().after(before).faults_at(&[Kind::Tell]));
}

/// An order whose effect the provisioner refused, and another of the same line.
fn refused_before(first: &Request, second: &Request) -> Vec<Before> {
    vec![
        Before::Sent(first.clone()),
        Before::PanelRefuses(true),
        Before::WorkedOff,
        Before::PanelRefuses(false),
        Before::Sent(second.clone()),
    ]
}

#[test]
fn what_a_failed_order_reserved_gives_way() {
    let before = refused_before(&renewal("1"), &renewal("2"));
    let scenario =
        Scenario::new("what a failed order reserved gives way", vec![Role::Consumer { rounds: 2, batch: 1 }]);
    explore(&scenario.with_provisioner().after(before).faults(2));
}

/// What an order has reserved when it fails, another order takes over; then the first is tried again.
#[test]
fn a_reservation_is_taken_over_while_its_order_is_tried_again() {
    let (first, second) = (renewal("1"), renewal("2"));
    let roles = vec![one(), one(), Role::Operator(first.order, Act::Retry)];
    let scenario = Scenario::new("a reservation is taken over", roles);
    explore(&scenario.with_provisioner().after(refused_before(&first, &second)).faults(0));
}

/// The consumer is at the provisioner when the sweep gives the order up and an operator calls it off.
#[test]
fn an_operator_cancels_while_the_provisioner_is_told() {
    let request = new_line("1");
    let before = vec![Before::Sent(request.clone()), Before::Resent(request.order, 10)];
    let roles = vec![one(), Role::Schedule { runs: 1 }, Role::Operator(request.order, Act::Cancel)];
    let scenario = Scenario::new("an operator cancels while the provisioner is told", roles);
    explore(&scenario.with_provisioner().after(before).may_fail().faults_at(&[Kind::Tell]));
}

/// An order of which the provisioner refused a line is called off: what was made is switched off there too.
#[test]
fn the_provisioner_is_told_of_a_cancellation() {
    let request = Request::cart("1", full_cart());
    let before = vec![Before::Sent(request.clone()), Before::Removed(321), Before::WorkedOff, Before::Restored(321)];
    let roles = vec![Role::Operator(request.order, Act::Cancel), one()];
    let scenario = Scenario::new("the provisioner is told of a cancellation", roles);
    let explored = explore(&scenario.with_provisioner().after(before).may_fail());
    assert_cut(&explored, "tell panel", &CALL);
    // The operator has heard that it is done, and does not ask again: the sweep must find it.
    assert_cut(&explored, "send message", &[Turn::Lose]);
}
