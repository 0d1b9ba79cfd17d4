//! Three and more at once, at random.

use serde_json::json;

use crate::{
    actors::{Act, Role},
    random::explore,
    requests::Request,
    scenario::{Before, Scenario},
    single::{client, full_cart},
};

fn consumers(count: usize) -> Vec<Role> {
    vec![Role::Consumer { rounds: 3, batch: 2 }; count]
}

fn with(mut roles: Vec<Role>, more: Vec<Role>) -> Vec<Role> {
    roles.extend(more);
    roles
}

fn renewal(id: &str) -> Role {
    let items = json!([{ "product_id": 1, "intent": "renewal", "activation_id": 321, "qty": 2 }]);
    client(Request::cart(id, json!({ "items": items })))
}

/// The sweep gives this order up, unless one of its last deliveries comes before that.
fn given_up(cart: &Request) -> Vec<Before> {
    vec![Before::Sent(cart.clone()), Before::Resent(cart.order, 10), Before::Message(cart.order, 8)]
}

#[test]
fn many_at_random() {
    let cart = Request::cart("1", full_cart());
    let uuid = Request::created("1");
    let some = shared::domain::money::Amount::new(3.into(), shared::domain::money::Currency::USD).unwrap();
    let paid = |id: &str, amount: f64| {
        client(Request::by_token("1", json!({ "payment_transaction_id": id, "payment_amount": amount })))
    };
    let created = || vec![Before::Sent(Request::create("1", "pending_payment", json!({})))];
    let scenarios = [
        Scenario::new(
            "a shop, its second hook, consumers, the sweep",
            with(vec![client(cart.clone()), client(cart.clone()), Role::Schedule { runs: 3 }], consumers(2)),
        ),
        Scenario::new(
            "three shops that renew one line",
            with(vec![renewal("1"), renewal("2"), renewal("3"), Role::Schedule { runs: 2 }], consumers(2)),
        )
        .skews(&[0, 120, -120, 60, -240, 180]),
        Scenario::new(
            "payments from all sides",
            with(
                vec![
                    paid("pi_1", 4.0),
                    paid("pi_2", 5.99),
                    client(Request::submit("1", json!({ "payment_transaction_id": "V1", "amount": 2 }))),
                    client(Request::complete_pending(Some("key-1"), "1")),
                    Role::Operator(uuid, Act::Approve),
                ],
                consumers(1),
            ),
        )
        .after(created())
        .refusing(&["BalanceLeft", "WrongState"]),
        Scenario::new(
            "a submitted payment and two operators",
            with(
                vec![
                    client(Request::submit("1", json!({ "payment_transaction_id": "V1", "amount": 4 }))),
                    paid("pi_1", 9.99),
                    Role::Operator(uuid, Act::Partial(some)),
                    Role::Operator(uuid, Act::Cancel),
                ],
                consumers(1),
            ),
        )
        .after(created())
        .refusing(&["BalanceLeft", "WrongState"]),
        Scenario::new(
            "an order given up, called off and tried again",
            with(
                vec![
                    Role::Schedule { runs: 2 },
                    Role::Operator(cart.order, Act::Cancel),
                    Role::Operator(cart.order, Act::Retry),
                ],
                consumers(2),
            ),
        )
        .after(given_up(&cart))
        .may_fail(),
    ];
    let scenarios: Vec<Scenario> = scenarios.into_iter().map(|scenario| scenario.faults(6)).collect();
    explore(&scenarios, 400);
}

#[test]
fn many_with_a_provisioner_and_events_at_random() {
    let cart = Request::cart("1", full_cart());
    let scenarios = [
        Scenario::new(
            "two shops that renew one line at the provisioner",
            with(vec![renewal("1"), renewal("2"), Role::Schedule { runs: 2 }], consumers(3)),
        )
        .skews(&[0, 120, -120, 60, -240, 180])
        .with_provisioner(),
        Scenario::new(
            "an order given up, called off and tried again at the provisioner",
            with(
                vec![
                    Role::Schedule { runs: 2 },
                    Role::Operator(cart.order, Act::Cancel),
                    Role::Operator(cart.order, Act::Retry),
                ],
                consumers(2),
            ),
        )
        .after(given_up(&cart))
        .may_fail()
        .with_provisioner(),
        Scenario::new(
            "two shops and all that is told of their orders",
            with(
                vec![
                    client(cart.clone()),
                    renewal("2"),
                    Role::Publisher { rounds: 4, batch: 3 },
                    Role::WebhookSender { rounds: 4, batch: 2 },
                    Role::WebhookSender { rounds: 4, batch: 2 },
                ],
                consumers(1),
            ),
        )
        .with_provisioner(),
    ];
    let scenarios: Vec<Scenario> = scenarios.into_iter().map(|scenario| scenario.faults(6)).collect();
    explore(&scenarios, 400);
}
