//! The usual cart with one field wrong.

use serde_json::{Value, json};
use support::service::{paid_cart, with, with_items, without};

use super::Case;

pub(super) fn all() -> Vec<Case> {
    let groups = [customers(), payments(), carts(), items(), lines(), lists(), work_orders()];
    groups.into_iter().flatten().collect()
}

/// complete_order refused with 422.
fn order(name: &str, body: &Value, says: &'static str) -> Case {
    Case::post(name, "complete_order", body).refused(422, says)
}

/// One case for each value of a field.
fn each(field: &str, values: Vec<Value>, says: &'static str) -> Vec<Case> {
    let case = |value: Value| {
        let name = format!("{field} {}", shortened(&value));
        order(&name, &cart(json!({ field: value })), says)
    };
    values.into_iter().map(case).collect()
}

/// The same for a field of the item.
fn each_of_item(field: &str, values: Vec<Value>, says: &'static str) -> Vec<Case> {
    let case = |value: Value| {
        let name = format!("item's {field} {}", shortened(&value));
        order(&name, &cart_of(json!({ field: value })), says)
    };
    values.into_iter().map(case).collect()
}

fn shortened(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}

/// The usual cart, with these fields.
fn cart(changes: Value) -> Value {
    with(&paid_cart("1001"), changes)
}

/// The usual cart, whose item has these fields.
fn cart_of(changes: Value) -> Value {
    let item = json!({ "product_id": 1, "intent": "new_activation", "qty": 1 });
    with_items(&paid_cart("1001"), &[with(&item, changes)])
}

/// The usual cart, whose item lacks a field.
fn cart_without(field: &str) -> Value {
    let item = json!({ "product_id": 1, "intent": "new_activation", "qty": 1 });
    with_items(&paid_cart("1001"), &[without(&item, field)])
}

fn customers() -> Vec<Case> {
    let long = format!("{}@{}.com", "a".repeat(64), ["b".repeat(61), "c".repeat(61), "d".repeat(62)].join("."));
    assert_eq!(long.len(), 255);
    let emails = vec![
        json!(null),
        json!(""),
        json!("  "),
        json!(7),
        json!(true),
        json!(["john@example.com"]),
        json!("john"),
        json!("john@"),
        json!("@example.com"),
        json!("john@example"),
        json!("john@@example.com"),
        json!("john doe@example.com"),
        json!("john@exam\nple.com"),
        json!("John <john@example.com>"),
        json!("john@example.com, jane@example.com"),
        json!(long),
    ];
    let mut cases = each("customer_email", emails, "`customer_email`");
    let missing = without(&paid_cart("1001"), "customer_email");
    cases.push(order("customer_email missing", &missing, "`customer_email` is required"));
    for (field, says) in [
        ("customer_name", "`customer_name`"),
        ("customer_phone", "`customer_phone`"),
        ("customer_address", "`customer_address`"),
        ("source", "`source`"),
    ] {
        cases.extend(each(field, vec![json!("x".repeat(256)), json!("ж".repeat(256)), json!([]), json!({})], says));
    }
    cases.extend(each("notes", vec![json!("n".repeat(5_001)), json!(7)], "`notes`"));
    cases
}

fn payments() -> Vec<Case> {
    let says = "`payment_method_id`";
    let no_ids = vec![
        json!(null),
        json!(""),
        json!(0),
        json!(-1),
        json!(1.5),
        json!("stripe"),
        json!(true),
        json!([1]),
        json!(1e300),
        json!(99),
        json!(4),
    ];
    let mut cases = each("payment_method_id", no_ids, says);
    let missing = without(&paid_cart("1001"), "payment_method_id");
    cases.push(order("payment_method_id missing", &missing, "`payment_method_id` is required"));
    cases.extend(each("payment_method_id", vec![json!(2), json!("3")], "create_work_order"));
    let amounts = vec![
        json!(-0.01),
        json!("-9.99"),
        json!(9.999),
        json!("9.999"),
        json!(0.001),
        json!(9.990_002),
        json!("nine"),
        json!("9,99"),
        json!("$9.99"),
        json!(true),
        json!([9.99]),
        json!(1e15),
        json!(1e300),
        json!("1e300"),
    ];
    cases.extend(each("payment_amount", amounts, "`payment_amount`"));
    let transactions = vec![json!("t".repeat(256)), json!({}), json!(true)];
    cases.extend(each("payment_transaction_id", transactions, "`payment_transaction_id`"));
    let orders = vec![json!("w".repeat(256)), json!(true), json!(10.5), json!([])];
    cases.extend(each("wc_order_id", orders, "`wc_order_id`"));
    cases.extend(each("is_free", vec![json!("yes"), json!(2), json!([])], "`is_free`"));
    cases
}

fn carts() -> Vec<Case> {
    let item = json!({ "product_id": 1, "intent": "new_activation" });
    let no_items = vec![
        json!(null),
        json!(""),
        json!("1"),
        json!(1),
        json!([]),
        json!({}),
        json!({ "0": item }),
        json!([1]),
        json!([null]),
        json!([[item]]),
        json!(vec![item.clone(); 51]),
        json!([with(&item, json!({ "qty": 50 })), with(&item, json!({ "qty": "50" }))]),
    ];
    let mut cases = each("items", no_items, "`items");
    cases.push(order("items missing", &without(&paid_cart("1001"), "items"), "`items` is required"));
    let euros = json!({ "product_id": 5, "intent": "new_activation" });
    let two_currencies = cart(json!({ "items": [item, euros] }));
    cases.push(order("two currencies", &two_currencies, "`items[1].product_id` has another currency"));
    cases
}

fn items() -> Vec<Case> {
    let says = "`items[0].product_id`";
    let products = vec![
        json!(null),
        json!(""),
        json!(0),
        json!(-1),
        json!(1.5),
        json!("basic"),
        json!(true),
        json!([1]),
        json!(9_007_199_254_740_993_u64),
        json!(1e300),
        json!(99),
        json!(4),
    ];
    let mut cases = each_of_item("product_id", products, says);
    cases.push(order("product_id missing", &cart_without("product_id"), says));
    let says = "`items[0].intent`";
    let intents = vec![json!(null), json!(""), json!("buy"), json!("Renewal"), json!(7)];
    cases.extend(each_of_item("intent", intents, says));
    cases.push(order("intent missing", &cart_without("intent"), says));
    let counts = vec![json!(0), json!(100), json!(-1), json!(1.5), json!("many"), json!(true), json!([]), json!(1e300)];
    cases.extend(each_of_item("qty", counts, "`items[0].qty`"));
    cases
}

fn lines() -> Vec<Case> {
    let item = |name: &str, item: Value, says| order(name, &cart(json!({ "items": [item] })), says);
    let says = "`items[0].activation_id`";
    let renewal = json!({ "product_id": 1, "intent": "renewal", "activation_id": 321 });
    let upgrade = json!({ "product_id": 1, "intent": "trial_upgrade", "activation_id": 45 });
    vec![
        item("a renewal of no line", without(&renewal, "activation_id"), says),
        item("a renewal of null", with(&renewal, json!({ "activation_id": null })), says),
        item("a renewal of \"\"", with(&renewal, json!({ "activation_id": "" })), says),
        item("a renewal of line 0", with(&renewal, json!({ "activation_id": 0 })), says),
        item("a renewal by name", with(&renewal, json!({ "activation_id": "line321" })), says),
        item("a renewal of an unknown line", with(&renewal, json!({ "activation_id": 999 })), says),
        item("an upgrade of no line", without(&upgrade, "activation_id"), says),
        item("an upgrade of an unknown line", with(&upgrade, json!({ "activation_id": 999 })), says),
        item("an upgrade of a line that is no trial", with(&upgrade, json!({ "activation_id": 321 })), says),
        item(
            "a renewal onto fewer connections",
            with(&renewal, json!({ "activation_id": 322 })),
            "`items[0].product_id` has fewer connections",
        ),
    ]
}

fn lists() -> Vec<Case> {
    let bouquets = vec![
        json!("1"),
        json!(1),
        json!({ "a": 1 }),
        json!([0]),
        json!(["news"]),
        json!([null]),
        json!([1, ""]),
        json!([1, 99]),
        json!(vec![1; 501]),
    ];
    let mut cases = each("bouquet_ids", bouquets, "`bouquet_ids");
    let categories = vec![
        json!("live"),
        json!(["movies"]),
        json!(["Live"]),
        json!(["live", null]),
        json!([1]),
        json!({ "a": "live" }),
    ];
    cases.extend(each("categories", categories, "`categories"));
    cases
}

/// An order that waits for its payment.
pub(super) fn waiting() -> Value {
    without(&cart(json!({ "status": "pending_payment" })), "payment_amount")
}

fn work_orders() -> Vec<Case> {
    let case = |name: &str, changes: Value, says| {
        let body = with(&waiting(), changes.clone());
        Case::post(&format!("{name} {}", shortened(&changes)), "create_work_order", &body).refused(422, says)
    };
    let mut cases: Vec<Case> = [
        json!(null),
        json!(""),
        json!("paid"),
        json!("PENDING"),
        json!("queued"),
        json!("provisioning"),
        json!("failed"),
        json!("awaiting_webhook"),
        json!(1),
        json!(["pending"]),
    ]
    .into_iter()
    .map(|status| case("create", json!({ "status": status }), "`status`"))
    .collect();
    let missing = without(&waiting(), "status");
    cases.push(Case::post("create, no status", "create_work_order", &missing).refused(422, "`status` is required"));
    for (direction, amount, says) in [
        (json!("fee"), json!(null), "`adjustment_amount`"),
        (json!("fee"), json!(""), "`adjustment_amount`"),
        (json!(null), json!(1), "`adjustment_direction`"),
        (json!(""), json!(1), "`adjustment_direction`"),
        (json!("tax"), json!(1), "`adjustment_direction`"),
        (json!(1), json!(1), "`adjustment_direction`"),
        (json!("discount"), json!(-1), "`adjustment_amount`"),
        (json!("discount"), json!("-0.01"), "`adjustment_amount`"),
        (json!("fee"), json!(0.005), "`adjustment_amount`"),
        (json!("fee"), json!("5%"), "`adjustment_amount`"),
        (json!("fee"), json!(1e15), "`adjustment_amount`"),
    ] {
        let changes = json!({ "adjustment_direction": direction, "adjustment_amount": amount });
        cases.push(case("create", changes, says));
    }
    cases.extend([
        case("create", json!({ "adjustment_direction": "fee" }), "`adjustment_amount`"),
        case("create", json!({ "adjustment_amount": 1 }), "`adjustment_direction`"),
        case("create", json!({ "adjustment_label": "l".repeat(256) }), "`adjustment_label`"),
        case("create", json!({ "payment_method_id": 4 }), "`payment_method_id`"),
        case("create", json!({ "payment_method_id": 99 }), "`payment_method_id`"),
        case("create", json!({ "items": [] }), "`items`"),
        case("create", json!({ "customer_email": "john" }), "`customer_email`"),
        case("create", json!({ "status": "pending", "payment_amount": -1 }), "`payment_amount`"),
    ]);
    cases
}
