//! Two at once: all their steps in every order, with faults.

use serde_json::json;

use crate::{
    actors::{Act, Role},
    requests::Request,
    scenario::{Before, Scenario},
    single::{cart, client, consumer, failed, three},
    systematic::explore,
};

fn created(status: &str) -> Vec<Before> {
    vec![Before::Sent(Request::create("1", status, json!({})))]
}

fn paid() -> Vec<Before> {
    vec![Before::Sent(Request::cart("1", cart()))]
}

#[test]
fn two_hooks_of_a_shop() {
    let request = Request::cart("1", cart());
    explore(&Scenario::new("two hooks of a shop", vec![client(request.clone()), client(request)]));
}

#[test]
fn a_shop_that_holds_an_order_back_and_goes_on_selling() {
    let roles = vec![Role::Client(vec![Request::cart("1", cart()), Request::cart("2", json!({}))])];
    explore(&Scenario::new("a shop that holds an order back", roles).faults(2));
}

#[test]
fn a_client_that_never_comes_again() {
    let roles = vec![Role::Passerby(Request::cart("1", cart())), consumer()];
    explore(&Scenario::new("a client that never comes again", roles).faults(2));
}

#[test]
fn two_hooks_under_a_header() {
    let request = Request::cart_under(Some("key-1"), "1", cart());
    explore(&Scenario::new("two hooks under a header", vec![client(request.clone()), client(request)]).faults(1));
}

#[test]
fn one_key_for_a_cart_and_for_a_token() {
    let cart = Request::cart_under(Some("key-1"), "2", json!({}));
    let token = Request::by_token_under("key-1", "1", json!({}));
    let scenario = Scenario::new("one key for a cart and for a token", vec![client(cart), client(token)]);
    explore(&scenario.after(created("pending")).refusing(&["KeyUsed"]));
}

#[test]
fn two_copies_of_create_work_order() {
    let request = Request::create("1", "pending_payment", json!({}));
    explore(&Scenario::new("two copies of create_work_order", vec![client(request.clone()), client(request)]));
}

#[test]
fn a_client_and_a_consumer() {
    let request = Request::cart("1", cart());
    explore(&Scenario::new("a client and a consumer", vec![client(request), consumer()]));
}

#[test]
fn a_client_and_the_sweep() {
    let roles = vec![client(Request::cart("1", cart())), Role::Schedule { runs: 2 }];
    explore(&Scenario::new("a client and the sweep", roles));
}

#[test]
fn two_consumers_of_one_order() {
    let mut before = paid();
    before.push(Before::Message(Request::cart("1", json!({})).order, 0));
    let roles = vec![Role::Consumer { rounds: 1, batch: 1 }, Role::Consumer { rounds: 1, batch: 1 }];
    explore(&Scenario::new("two consumers of one order", roles).after(before));
}

#[test]
fn two_orders_renew_a_line() {
    let order = |id: &str, intent: &str, product: u64| {
        let items = json!([{ "product_id": product, "intent": intent, "activation_id": 45 }]);
        Before::Sent(Request::cart(id, json!({ "items": items })))
    };
    let roles = vec![Role::Consumer { rounds: 1, batch: 1 }, Role::Consumer { rounds: 1, batch: 1 }];
    let scenario = Scenario::new("two orders renew a line", roles);
    explore(&scenario.after(vec![order("1", "renewal", 1), order("2", "trial_upgrade", 2)]));
}

#[test]
fn one_consumer_with_both_orders_of_a_line() {
    let order = |id: &str| {
        let items = json!([{ "product_id": 1, "intent": "renewal", "activation_id": 321 }]);
        Before::Sent(Request::cart(id, json!({ "items": items })))
    };
    let scenario = Scenario::new("one consumer with both orders of a line", vec![consumer()]);
    explore(&scenario.after(vec![order("1"), order("2")]));
}

#[test]
fn a_consumer_and_the_sweep() {
    let roles = vec![Role::Consumer { rounds: 1, batch: 10 }, Role::Schedule { runs: 2 }];
    explore(&Scenario::new("a consumer and the sweep", roles).after(paid()));
}

#[test]
fn two_sweeps_of_a_lost_message() {
    let mut before = paid();
    before.push(Before::MessagesLost);
    let roles = vec![Role::Schedule { runs: 1 }, Role::Schedule { runs: 1 }];
    explore(&Scenario::new("two sweeps of a lost message", roles).after(before).faults(2));
}

#[test]
fn the_last_delivery_and_another_consumer() {
    let uuid = Request::cart("1", json!({})).order;
    let mut before = paid();
    before.extend([Before::MessagesLost, Before::Message(uuid, 9), Before::Message(uuid, 0)]);
    let roles = vec![Role::Consumer { rounds: 1, batch: 1 }, Role::Consumer { rounds: 1, batch: 1 }];
    explore(&Scenario::new("the last delivery and another consumer", roles).after(before).may_fail());
}

#[test]
fn the_last_resend_and_a_consumer() {
    let uuid = Request::cart("1", json!({})).order;
    let mut before = paid();
    before.push(Before::Resent(uuid, 10));
    let roles = vec![Role::Schedule { runs: 2 }, Role::Consumer { rounds: 1, batch: 1 }];
    explore(&Scenario::new("the last resend and a consumer", roles).after(before).may_fail());
}

#[test]
fn an_operator_retries_a_failed_order_under_a_consumer() {
    let (uuid, mut before) = failed();
    before.push(Before::Message(uuid, 3));
    let roles = vec![Role::Operator(uuid, Act::Retry), consumer()];
    explore(&Scenario::new("an operator retries under a consumer", roles).after(before).may_fail());
}

#[test]
fn an_operator_cancels_under_a_consumer() {
    // The consumer has the order in its hands when the sweep gives it up and an operator calls it off.
    let uuid = Request::cart("1", json!({})).order;
    let mut before = paid();
    before.push(Before::Resent(uuid, 10));
    let roles =
        vec![Role::Consumer { rounds: 1, batch: 1 }, Role::Schedule { runs: 1 }, Role::Operator(uuid, Act::Cancel)];
    explore(&Scenario::new("an operator cancels under a consumer", roles).after(before).may_fail());
    // Another consumer is done with the cancellation before the first one makes a line.
    let mut before = paid();
    before.push(Before::Resent(uuid, 10));
    let one = Role::Consumer { rounds: 1, batch: 1 };
    let roles = vec![one.clone(), Role::Schedule { runs: 1 }, Role::Operator(uuid, Act::Cancel), one];
    explore(&Scenario::new("an operator cancels under two consumers", roles).after(before).may_fail().faults(0));
    let (uuid, mut before) = failed();
    before.push(Before::Message(uuid, 3));
    let roles = vec![Role::Operator(uuid, Act::Cancel), Role::Operator(uuid, Act::Retry), consumer()];
    explore(&Scenario::new("cancel and retry under a consumer", roles).after(before).may_fail().faults(0));
}

#[test]
fn an_operator_mends_what_failed_an_order_under_a_consumer() {
    let uuid = Request::cart("1", json!({})).order;
    let mut before = paid();
    before.extend([Before::Message(uuid, 0), Before::Removed(321)]);
    let one = Role::Consumer { rounds: 1, batch: 1 };
    let mend = Role::Operator(uuid, Act::Mend(shared::domain::ids::ActivationId(321)));
    let scenario = Scenario::new("an operator mends a failed order under a consumer", vec![one.clone(), one, mend]);
    explore(&scenario.after(before).refusing(&["WrongState"]).may_fail().faults(0));
}

#[test]
fn two_operators_and_a_failed_order() {
    let (uuid, before) = failed();
    let roles = vec![Role::Operator(uuid, Act::Retry), Role::Operator(uuid, Act::Cancel)];
    explore(&Scenario::new("two operators and a failed order", roles).after(before).may_fail());
}

#[test]
fn two_payments_by_token() {
    let half = |id: &str, amount: f64| {
        client(Request::by_token("1", json!({ "payment_transaction_id": id, "payment_amount": amount })))
    };
    let scenario = Scenario::new("two payments by token", vec![half("pi_1", 4.0), half("pi_2", 5.99)]);
    explore(&scenario.after(created("pending_payment")).refusing(&["BalanceLeft"]).faults(2));
}

#[test]
fn two_copies_by_token_under_a_header() {
    let request = Request::by_token_under("key-1", "1", json!({ "payment_amount": 4 }));
    let scenario = Scenario::new("two copies by token under a header", vec![client(request.clone()), client(request)]);
    explore(&scenario.after(created("pending_payment")).refusing(&["BalanceLeft"]).faults(2));
}

#[test]
fn two_copies_by_token_of_a_part_payment_without_a_name() {
    let request = client(Request::by_token("1", json!({ "payment_amount": 4 })));
    let scenario = Scenario::new("two copies of a part payment without a name", vec![request.clone(), request]);
    explore(&scenario.after(created("pending_payment")).refusing(&["BalanceLeft"]).faults(2));
}

#[test]
fn a_completion_by_token_and_those_behind_it() {
    let request = client(Request::by_token("1", json!({ "payment_transaction_id": "pi_1" })));
    for other in [consumer(), Role::Schedule { runs: 2 }] {
        let scenario = Scenario::new("a completion by token and those behind it", vec![request.clone(), other]);
        explore(&scenario.after(created("payment_submitted")).faults(2));
    }
}

#[test]
fn a_completion_by_token_and_an_operator() {
    let uuid = Request::created("1");
    let said = Request::submit("1", json!({ "payment_transaction_id": "V1", "amount": 4 }));
    let mut before = created("pending_payment");
    before.push(Before::Sent(said));
    for act in [Act::Approve, Act::Cancel, Act::Partial(three())] {
        let request = client(Request::by_token("1", json!({ "payment_transaction_id": "pi_1" })));
        let scenario = Scenario::new("a completion by token and an operator", vec![request, Role::Operator(uuid, act)]);
        explore(&scenario.after(before.clone()).refusing(&["WrongState"]).faults(2));
    }
}

#[test]
fn a_gateway_completes_and_those_behind_it() {
    let request = client(Request::complete_pending(Some("key-1"), "1"));
    for other in [consumer(), Role::Schedule { runs: 2 }] {
        let scenario = Scenario::new("a gateway completes and those behind it", vec![request.clone(), other]);
        explore(&scenario.after(created("pending")).faults(2));
    }
}

#[test]
fn a_gateway_completes_what_others_complete_or_call_off() {
    let uuid = Request::created("1");
    let by_token = Request::by_token("1", json!({ "payment_transaction_id": "pi_1" }));
    for other in [client(by_token), Role::Operator(uuid, Act::Cancel)] {
        let roles = vec![client(Request::complete_pending(Some("key-1"), "1")), other];
        let scenario = Scenario::new("a gateway completes what others complete or call off", roles);
        explore(&scenario.after(created("pending")).refusing(&["WrongState"]).faults(2));
    }
}

#[test]
fn an_operator_finds_an_order_that_is_being_made() {
    let uuid = Request::created("1");
    for act in [Act::Approve, Act::Cancel] {
        let create = client(Request::create("1", "payment_submitted", json!({})));
        let scenario = Scenario::new("an operator finds a new order", vec![create, Role::Operator(uuid, act)]);
        explore(&scenario.faults(2));
    }
}

#[test]
fn two_operators_and_a_paid_order() {
    let uuid = Request::created("1");
    for other in [Act::Approve, Act::Cancel] {
        let roles = vec![Role::Operator(uuid, Act::Approve), Role::Operator(uuid, other)];
        let scenario = Scenario::new("two operators and a paid order", roles);
        explore(&scenario.after(created("payment_submitted")).faults(2));
    }
}

#[test]
fn a_client_and_two_consumers() {
    let roles = vec![
        client(Request::cart("1", cart())),
        Role::Consumer { rounds: 1, batch: 1 },
        Role::Consumer { rounds: 1, batch: 1 },
    ];
    explore(&Scenario::new("a client and two consumers", roles));
}

#[test]
fn a_customer_submits_while_the_shop_completes() {
    let submit = Request::submit("1", json!({ "payment_transaction_id": "V1", "amount": 4 }));
    let complete = Request::by_token("1", json!({ "payment_transaction_id": "pi_1" }));
    let scenario = Scenario::new("a customer submits while the shop completes", vec![client(submit), client(complete)]);
    explore(&scenario.after(created("pending_payment")).refusing(&["WrongState"]).faults(2));
}

#[test]
fn a_customer_submits_twice() {
    let submit = client(Request::submit("1", json!({ "payment_transaction_id": "V1", "amount": 4 })));
    let scenario = Scenario::new("a customer submits twice", vec![submit.clone(), submit]);
    explore(&scenario.after(created("pending_payment")).faults(2));
}

#[test]
fn an_operator_confirms_what_a_customer_submitted() {
    let uuid = Request::created("1");
    for act in [Act::Partial(three()), Act::Approve, Act::Cancel] {
        let first = Request::submit("1", json!({ "payment_transaction_id": "V1", "amount": 4 }));
        let second = Request::submit("1", json!({ "payment_transaction_id": "V2", "amount": 6.99 }));
        let roles = vec![Role::Client(vec![first, second]), Role::Operator(uuid, act)];
        let scenario = Scenario::new("an operator confirms what a customer submitted", roles);
        explore(&scenario.after(created("pending_payment")).refusing(&["WrongState"]));
    }
}

#[test]
fn a_gateway_completes_twice() {
    let request = client(Request::complete_pending(Some("key-1"), "1"));
    let scenario = Scenario::new("a gateway completes twice", vec![request.clone(), request]);
    explore(&scenario.after(created("pending")).faults(2));
}

#[test]
fn a_gateway_completes_while_an_operator_approves() {
    let roles = vec![
        client(Request::complete_pending(Some("key-1"), "1")),
        Role::Operator(Request::created("1"), Act::Approve),
    ];
    let scenario = Scenario::new("a gateway completes while an operator approves", roles);
    explore(&scenario.after(created("pending")).refusing(&["WrongState"]).faults(2));
}

#[test]
fn clocks_that_differ_by_minutes() {
    for skews in [[-180, 240], [300, -120]] {
        let roles = vec![client(Request::cart("1", cart())), Role::Schedule { runs: 2 }];
        explore(&Scenario::new("clocks that differ: a client and the sweep", roles).skews(&skews));
        let roles = vec![Role::Consumer { rounds: 1, batch: 10 }, Role::Schedule { runs: 2 }];
        explore(&Scenario::new("clocks that differ: a consumer and the sweep", roles).after(paid()).skews(&skews));
    }
}
