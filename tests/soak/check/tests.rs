//! The checker is held to a small table that is right, and to each kind of damage to it.

use serde_json::{Value, json};

use crate::{Findings, clients::Sent, items::Table, lines, orders};

/// An order of one new line and one renewal, as DynamoDB writes it.
fn table() -> Vec<Value> {
    let item = |intent: &str, line: Value, name: &str| {
        json!({ "M": {
            "intent": { "S": intent }, "activation_id": line, "qty": { "N": "1" }, "price": { "S": "9.99" },
            "duration_months": { "N": "1" }, "connections": { "N": "1" }, "product_id": { "N": "1" },
            "linked_usernames": { "L": [{ "S": name }] },
        } })
    };
    let change = |from: Value, to: &str| json!({ "M": { "from": from, "to": { "S": to } } });
    vec![
        json!({
            "pk": { "S": "order#u" }, "sk": { "S": "order" }, "wc_order_id": { "S": "shop0-1" }, "number": { "N": "42" },
            "customer": { "M": { "email": { "S": "john@example.com" } } },
            "status": { "S": "completed" }, "queued_at": { "S": "2026-11-23T12:00:00Z" },
            "history": { "L": [change(json!({ "NULL": true }), "queued"), change(json!({ "S": "queued" }), "completed")] },
            "payments": { "L": [{ "M": { "transaction_id": { "S": "pi_1" }, "amount": { "S": "19.98" } } }] },
            "cart": { "L": [
                item("new_activation", json!({ "NULL": true }), "line4201"),
                item("renewal", json!({ "N": "7" }), "line7"),
            ] },
        }),
        json!({ "pk": { "S": "number#42" }, "order": { "S": "u" } }),
        json!({
            "customer_email": { "S": "john@example.com" },
            "pk": { "S": "line#4201" }, "origin": { "M": { "order": { "S": "u" }, "unit": { "N": "1" } } },
            "product_id": { "N": "1" }, "connections": { "N": "1" }, "status": { "S": "active" }, "version": { "N": "1" },
            "starts_at": { "S": "2026-11-23T12:00:00Z" }, "expires_at": { "S": "2026-12-23T12:00:00Z" },
        }),
        json!({
            "pk": { "S": "line#7" }, "origin": { "NULL": true }, "version": { "N": "2" },
            "applied": { "L": [{ "S": "u/2" }] }, "expires_at": { "S": "2100-02-15T00:00:00Z" },
        }),
    ]
}

fn log() -> String {
    let body = json!({
        "wc_order_id": "shop0-1", "payment_transaction_id": "pi_1", "customer_email": "john@example.com",
        "items": [
            { "product_id": 1, "intent": "new_activation" }, { "product_id": 1, "intent": "renewal", "activation_id": 7 },
        ],
    });
    let sent = json!({ "event": "sent", "order": "shop0-1", "action": "complete_order", "body": body });
    let reply = json!({ "data": { "work_order_id": 42, "reference_code": "WO-2026-00042" } }).to_string();
    let answered =
        json!({ "event": "answered", "order": "shop0-1", "action": "complete_order", "status": 200, "reply": reply });
    format!("{sent}\n{answered}\n")
}

fn check(items: &[Value], log: &str) -> Findings {
    let mut findings = Findings::default();
    let sent = Sent::read(log, &mut findings).unwrap();
    let table = Table::new(items);
    let seed = json!({
        "lines": [{ "activation_id": 7, "expires_at": "2100-01-15 00:00:00" }],
        "products": [{ "id": 1, "price_decimal": 9.99, "duration_months": 1, "connections": 1 }],
    });
    orders::check(&table, &sent, &seed, &mut findings);
    lines::check(&table, &seed, &mut findings);
    findings
}

#[test]
fn a_table_that_is_right_is_right() {
    let findings = check(&table(), &log());
    assert_eq!(findings.wrong, [""; 0]);
    let counted = (findings.accepted, findings.completed, findings.made, findings.renewals, findings.payments);
    assert_eq!(counted, (1, 1, 1, 1, 1));
}

#[test]
fn every_kind_of_damage_is_told() {
    // An item, a place in it, what is put there; and what is said of it.
    for (item, place, value, said) in [
        (0, "/number/N", json!("43"), "was answered"),
        (0, "/status/S", json!("queued"), "its history ends"),
        (0, "/history/L/1/M/to/S", json!("pending"), "from queued to pending"),
        (0, "/payments/L/0/M/amount/S", json!("9.99"), "was paid of"),
        (0, "/payments/L/0/M/transaction_id/S", json!("pi_2"), "is lost"),
        (0, "/wc_order_id/S", json!("shop0-2"), "accepted and lost"),
        (0, "/cart/L/0/M/linked_usernames/L", json!([]), "it names"),
        (0, "/customer/M/email/S", json!("jane@example.com"), "another customer's"),
        (0, "/cart/L/0/M/product_id/N", json!("2"), "for {"),
        (0, "/cart/L/0/M/intent/S", json!("trial_upgrade"), "for {"),
        (0, "/cart/L/0/M/qty/N", json!("2"), "for {"),
        (0, "/cart/L/0/M/price/S", json!("9.98"), "for {"),
        (0, "/cart/L/0/M/duration_months/N", json!("2"), "for {"),
        (0, "/cart/L/0/M/connections/N", json!("2"), "for {"),
        (0, "/cart/L/1/M/activation_id/N", json!("8"), "for {"),
        (0, "/cart/L", json!([]), "0 items for 2"),
        (2, "/customer_email/S", json!("jane@example.com"), "another customer's"),
        (1, "/order/S", json!("v"), "leads to no order"),
        (2, "/pk/S", json!("line#4202"), "nobody bought it"),
        (2, "/origin/M/order/S", json!("v"), "another order's"),
        (2, "/status/S", json!("suspended"), "not what was bought"),
        (2, "/expires_at/S", json!("2027-01-23T12:00:00Z"), "not the months"),
        (3, "/applied/L", json!([]), "were bought"),
        (3, "/version/N", json!("3"), "was written 2 times"),
        (3, "/expires_at/S", json!("2100-03-15T00:00:00Z"), "it ends"),
        (3, "/pk/S", json!("line#8"), "is gone"),
    ] {
        let mut items = table();
        *items[item].pointer_mut(place).unwrap() = value;
        let findings = check(&items, &log());
        assert!(findings.wrong.iter().any(|what| what.contains(said)), "{place}: {:?}", findings.wrong);
    }
}

#[test]
fn what_is_there_twice_is_told() {
    let mut items = table();
    let mut second = items[0].clone();
    second["pk"]["S"] = json!("order#v");
    items.push(second);
    let findings = check(&items, &log());
    assert_eq!(findings.doubled, 1);
    assert!(findings.wrong.iter().any(|what| what.contains("another order's")), "one number for both");
    let mut items = table();
    let payments = items[0]["payments"]["L"].as_array_mut().unwrap();
    payments.push(payments[0].clone());
    assert!(check(&items, &log()).wrong.iter().any(|what| what.contains("a payment twice")));
}

#[test]
fn answers_that_differ_or_refuse_are_told() {
    let other = log().replace("WO-2026-00042", "WO-2026-00043");
    let both = log() + other.lines().nth(1).unwrap();
    assert!(check(&table(), &both).wrong.iter().any(|what| what.contains("was answered")));
    let refused = log().replace("\"status\":200", "\"status\":422");
    assert!(check(&table(), &refused).wrong.iter().any(|what| what.contains("was refused")));
}
