//! A cart at the edge of its limits is taken. What is over them: bad_input.

use serde_json::{Value, json};
use support::{
    clock::TestClock,
    service::{TestService, paid_cart, with_items},
};

fn new(product: u64, qty: u64) -> Value {
    json!({ "product_id": product, "intent": "new_activation", "qty": qty })
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_inclusive() {
    let bouquets: Vec<Value> =
        (1001..=1500).map(|id| json!({ "id": id, "name": format!("Bouquet {id}"), "category": "live" })).collect();
    let ids: Vec<&Value> = bouquets.iter().map(|bouquet| &bouquet["id"]).collect();
    let ids = json!(ids);
    let clock = TestClock::at("2026-11-23 17:00:00");
    let service = TestService::by_hand_with(&clock, json!({ "bouquets": bouquets })).await;
    let (text, notes) = ("ж".repeat(255), "n".repeat(5_000));
    let domain = [("b", 61), ("c", 61), ("d", 61)].map(|(letter, count)| letter.repeat(count)).join(".");
    let email = format!("{}@{domain}.com", "a".repeat(64));
    assert_eq!(email.len(), 254);
    let cart = json!({
        "customer_email": format!(" {email} "),
        "customer_name": text, "customer_phone": text, "customer_address": text,
        "payment_method_id": 1, "payment_transaction_id": text, "wc_order_id": text, "source": text,
        "payment_amount": 999_999.99, "notes": notes, "bouquet_ids": ids,
        "items": vec![new(1, 1); 50],
    });
    let reply = service.post("complete_order", &cart).await.data();
    assert_eq!(reply["item_count"], 50);
    let order = service.order(reply["reference_code"].as_str().unwrap(), &email).await;
    assert_eq!(order["customer_email"], email);
    assert_eq!(order["customer_name"], text);
    assert_eq!(order["cart"][49]["wc_order_id"], text);
    assert_eq!(order["payment_history"][0]["transaction_id"], text);
    assert_eq!(order["prev_paid"], 999_999.99);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_makes_99_new_lines_and_renews_without_that_limit() {
    let service = TestService::by_hand(&TestClock::at("2026-11-23 17:00:00")).await;
    let renewal = json!({ "product_id": 1, "intent": "renewal", "activation_id": 321, "qty": 99 });
    for (wc_order_id, items) in [
        ("1", vec![new(1, 99)]),
        ("2", vec![new(1, 50), new(2, 49)]),
        ("3", vec![new(1, 99), renewal.clone(), renewal]),
    ] {
        let cart = with_items(&paid_cart(wc_order_id), &items);
        let reply = service.post("complete_order", &cart).await.data();
        assert_eq!(reply["item_count"], items.len());
    }
    let over = with_items(&paid_cart("4"), &[new(1, 99), new(2, 1)]);
    assert!(service.post("complete_order", &over).await.error(422).contains("`items`"));
}
