//! get_work_order: an order for its customer's eyes.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use support::{
    clock::TestClock,
    service::{TestService, paid_cart, text, with, with_items, without},
};

async fn shop() -> (TestService, TestClock) {
    let clock = TestClock::at("2026-11-23 17:00:00");
    (TestService::by_hand(&clock).await, clock)
}

/// A cart of 9.99 that waits for its payment; the address is one that needs care in a query.
fn waiting() -> Value {
    json!({
        "customer_email": "John+Shop@Example.com",
        "customer_name": "John Doe",
        "customer_phone": "+1 555 0100",
        "customer_address": "1 Main Street",
        "payment_method_id": 2,
        "wc_order_id": "1001",
        "notes": "the customer called twice",
        "status": "pending_payment",
        "items": [{ "product_id": 1, "intent": "new_activation" }],
    })
}

/// The reference code and token of a waiting order.
async fn made(service: &TestService, request: &Value) -> (String, String) {
    let reply = service.post("create_work_order", request).await.data();
    let field = |name: &str| reply[name].as_str().unwrap().to_owned();
    (field("reference_code"), field("confirmation_token"))
}

/// Changes the state of the only order behind the service's back.
async fn set_status(service: &TestService, status: &str) {
    let orders = service.items_of("order").await;
    assert_eq!(orders.len(), 1);
    let status = AttributeValue::S(status.to_owned());
    service.set(&text(&orders[0], "pk"), "order", "status", status).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completed_order_has_these_18_fields() {
    let (service, clock) = shop().await;
    let items = [
        json!({ "product_id": 2, "intent": "new_activation", "qty": 3 }),
        json!({ "product_id": 1, "intent": "renewal", "activation_id": 321 }),
    ];
    let fields = json!({ "customer_name": "John Doe", "payment_amount": 90, "source": "woocommerce" });
    service.post("complete_order", &with(&with_items(&paid_cart("1001"), &items), fields)).await.data();
    clock.advance(30);
    service.drain().await;
    assert_eq!(
        service.order("WO-2026-00042", "john@example.com").await,
        json!({
            "reference_code": "WO-2026-00042",
            "status": "completed",
            "type": "new_activation",
            "source": "woocommerce",
            "customer_email": "john@example.com",
            "customer_name": "John Doe",
            "currency": "USD",
            "cart": [
                { "name": "Plus", "qty": 3, "price": 26.5, "product_id": 2, "intent": "new_activation", "activation_id": null,
                  "wc_order_id": "1001", "linked_username": "line4201, line4202, line4203" },
                { "name": "Basic", "qty": 1, "price": 9.99, "product_id": 1, "intent": "renewal", "activation_id": 321,
                  "wc_order_id": "1001", "linked_username": "line321" },
            ],
            "snap_total": 89.49,
            "order_total": 90,
            "prev_paid": 90,
            "balance_due": 0,
            "has_partials": false,
            "payment_history": [
                { "amount": 90, "at": "2026-11-23 17:00:00", "transaction_id": "pi_1001", "method": "Card" },
            ],
            "adjustment": { "direction": "fee", "label": "Adjusted at checkout", "amount": 0.51 },
            "payment_method": { "id": 1, "name": "Card", "processor": "stripe", "mode": "automated", "is_automated": true,
                "instructions": null, "config": {} },
            "created_at": "2026-11-23 17:00:00",
            "updated_at": "2026-11-23 17:00:30",
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_which_little_is_known_has_the_same_fields() {
    let (service, _) = shop().await;
    let request = json!({
        "customer_email": "john@example.com",
        "status": "pending_payment",
        "items": [{ "product_id": 3, "intent": "new_activation" }],
    });
    made(&service, &request).await;
    assert_eq!(
        service.order("WO-2026-00042", "john@example.com").await,
        json!({
            "reference_code": "WO-2026-00042",
            "status": "pending_payment",
            "type": "new_activation",
            "source": "woocommerce",
            "customer_email": "john@example.com",
            "customer_name": null,
            "currency": "USD",
            "cart": [{ "name": "Trial", "qty": 1, "price": 0, "product_id": 3, "intent": "new_activation",
                "activation_id": null, "wc_order_id": null, "linked_username": null }],
            "snap_total": 0,
            "order_total": 0,
            "prev_paid": 0,
            "balance_due": 0,
            "has_partials": false,
            "payment_history": [],
            "adjustment": null,
            "payment_method": null,
            "created_at": "2026-11-23 17:00:00",
            "updated_at": "2026-11-23 17:00:00",
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_methods_instructions_and_config_are_shown() {
    let method = json!({ "id": 9, "name": "bank", "processor": "sepa", "mode": "manual", "instructions": "Send it to\nour bank.",
        "config": { "iban": "XX00", "nested": { "days": [1, 2.5, null] } } });
    let clock = TestClock::at("2026-11-23 17:00:00");
    let service = TestService::by_hand_with(&clock, json!({ "payment_methods": [method] })).await;
    let (_, _) = made(&service, &with(&waiting(), json!({ "payment_method_id": 9 }))).await;
    let order = service.order("WO-2026-00042", "john%2Bshop@example.com").await;
    assert_eq!(
        order["payment_method"],
        json!({ "id": 9, "name": "bank", "processor": "sepa", "mode": "manual", "is_automated": false,
            "instructions": "Send it to\nour bank.", "config": { "iban": "XX00", "nested": { "days": [1, 2.5, null] } } })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn states_that_are_ours_are_shown_as_the_clients_know_them() {
    let (service, _) = shop().await;
    let (reference, token) = made(&service, &waiting()).await;
    for (stored, shown) in [
        ("pending", "pending"),
        ("pending_payment", "pending_payment"),
        ("payment_submitted", "payment_submitted"),
        ("queued", "awaiting_webhook"),
        ("provisioning", "awaiting_webhook"),
        ("failed", "pending"),
        ("completed", "completed"),
        ("canceled", "canceled"),
        ("payment_failed", "payment_failed"),
    ] {
        set_status(&service, stored).await;
        let order = service.get("get_work_order", &format!("ref={reference}&token={token}")).await.data();
        assert_eq!(order["status"], shown, "{stored}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shown_order_does_not_change_with_the_catalogue() {
    let (service, clock) = shop().await;
    let (reference, token) = made(&service, &waiting()).await;
    let query = format!("ref={reference}&token={token}");
    let before = service.get("get_work_order", &query).await.data();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let config = AttributeValue::M([("a".to_owned(), text("b"))].into());
    for (item, name, value) in [
        ("product#1", "name", text("Basic Plus")),
        ("product#1", "price", text("99")),
        ("product#1", "active", AttributeValue::Bool(false)),
        ("method#2", "display_label", text("Venmo Pro")),
        ("method#2", "instructions", text("Send nothing.")),
        ("method#2", "config", config),
        ("method#2", "adjustment_value", text("50")),
        ("method#2", "active", AttributeValue::Bool(false)),
    ] {
        service.set("catalogue", item, name, value).await;
    }
    clock.advance(3_600);
    assert_eq!(service.get("get_work_order", &query).await.data(), before);
    // A new order shows that the changes were real ones.
    let refused = service.post("create_work_order", &with(&waiting(), json!({ "wc_order_id": "1002" }))).await;
    assert!(refused.error(422).contains("not active"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_customers_is_never_shown() {
    let (service, _) = shop().await;
    let (reference, token) = made(&service, &waiting()).await;
    service.post("complete_order", &json!({ "confirmation_token": token })).await.data();
    service.drain().await;
    let shown = service.get("get_work_order", &format!("ref={reference}&token={token}")).await;
    assert_eq!(shown.data()["cart"][0]["linked_username"], "line4201");
    let order: Value = serde_dynamo::from_item(service.items_of("order").await.remove(0)).unwrap();
    let line: Value = serde_dynamo::from_item(service.line(4201).await.unwrap()).unwrap();
    assert_eq!(order["notes"], "the customer called twice");
    for secret in [
        order["notes"].as_str().unwrap(),
        order["uuid"].as_str().unwrap(),
        line["password"].as_str().unwrap(),
        token.as_str(),
        service.key.as_str(),
        "555 0100",
        "Main Street",
        "key:demo",
    ] {
        assert!(!shown.text.contains(secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_compared_trimmed_and_without_case() {
    let (service, _) = shop().await;
    let (reference, _) = made(&service, &waiting()).await;
    for email in [
        "John%2BShop@Example.com",
        "john%2Bshop%40example.com",
        "JOHN%2BSHOP%40EXAMPLE.COM",
        "%20john%2Bshop@example.com+",
        "++john%2bshop@example.com",
    ] {
        let order = service.order(&reference, email).await;
        // As the customer wrote it.
        assert_eq!(order["customer_email"], "John+Shop@Example.com", "{email}");
    }
    // A bare plus is a space.
    for email in ["john+shop@example.com", "john@example.com", "john%2Bshop@example.co", "jane@example.com"] {
        let answer = service.get("get_work_order", &format!("ref={reference}&email={email}")).await;
        assert_eq!(answer.error(404), "Work order not found.", "{email}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_decides_where_an_address_is_given_too() {
    let (service, _) = shop().await;
    let (reference, token) = made(&service, &waiting()).await;
    let (other, other_token) = made(&service, &with(&waiting(), json!({ "wc_order_id": "1002" }))).await;
    assert_ne!(reference, other);
    let good = "john%2Bshop@example.com";
    let wrong = format!("{}{}", if token.starts_with('a') { 'b' } else { 'a' }, &token[1..]);
    for (query, status) in [
        (format!("token={token}"), 200),
        (format!("token=+{token}+"), 200),
        (format!("token={token}&email=jane@example.com"), 200),
        (format!("token={token}&email="), 200),
        (format!("token=&email={good}"), 200),
        (format!("token={wrong}&email={good}"), 404),
        (format!("token={other_token}&email={good}"), 404),
        (format!("token={other_token}"), 404),
        (format!("token={}", token.to_lowercase()), 404),
        (format!("token={token}0"), 404),
    ] {
        let answer = service.get("get_work_order", &format!("ref={reference}&{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn references_cannot_be_probed() {
    let (service, _) = shop().await;
    let (reference, token) = made(&service, &waiting()).await;
    assert_eq!(reference, "WO-2026-00042");
    let good = "john%2Bshop@example.com";
    let mut bodies = Vec::new();
    for query in [
        format!("ref={reference}&email=jane@example.com"),
        format!("ref={reference}&email=no-address"),
        format!("ref={reference}&token=wrong"),
        format!("ref={reference}&token={}", "A".repeat(44)),
        format!("ref=WO-2026-00043&email={good}"),
        format!("ref=WO-2026-00043&token={token}"),
        format!("ref=WO-1999-00042&email={good}"),
        format!("ref=WO-1999-00042&token={token}"),
        format!("ref=WO-2026-42&email={good}"),
        format!("ref=WO-2026-000042&email={good}"),
        format!("ref=42&email={good}"),
        format!("ref=42&token={token}"),
        format!("ref={}&email={good}", "9".repeat(300)),
    ] {
        let answer = service.get("get_work_order", &query).await;
        assert_eq!(answer.error(404), "Work order not found.", "{query}");
        bodies.push(answer.text);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_year_is_that_of_creation_in_utc() {
    let clock = TestClock::at("2026-12-31 23:59:59");
    let service = TestService::by_hand(&clock).await;
    let (last, _) = made(&service, &waiting()).await;
    clock.advance(1);
    let (first, token) = made(&service, &with(&waiting(), json!({ "wc_order_id": "1002" }))).await;
    assert_eq!((last.as_str(), first.as_str()), ("WO-2026-00042", "WO-2027-00043"));
    let answer = service.get("get_work_order", &format!("ref=WO-2026-00043&token={token}")).await;
    answer.error(404);
    let order = service.order(&last, "john%2Bshop@example.com").await;
    assert_eq!(order["created_at"], "2026-12-31 23:59:59");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_six_digits_is_written_out() {
    let mut seed = support::seed::demo_with(json!({}));
    seed["settings"]["first_work_order_id"] = json!(99_999);
    let setup = support::service::Setup {
        clock: Some(TestClock::at("2026-11-23 17:00:00")),
        seed: Some(seed),
        background: false,
        ..Default::default()
    };
    let service = TestService::with(setup).await;
    for (wc_order_id, reference) in [("1", "WO-2026-99999"), ("2", "WO-2026-100000")] {
        let reply = service.post("complete_order", &paid_cart(wc_order_id)).await.data();
        assert_eq!(reply["reference_code"], reference);
        assert_eq!(service.order(reference, "john@example.com").await["reference_code"], reference);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_url_reads_too() {
    let (service, _) = shop().await;
    let (reference, token) = made(&service, &without(&waiting(), "notes")).await;
    let headers = [("X-Panelr-API-Key", service.key.as_str()), ("Content-Type", "application/json")];
    for target in [
        format!("/api/api.php?action=get_work_order&ref={reference}&token={token}"),
        format!("/api/api.php?ref={reference}&token={token}&action=get_work_order"),
    ] {
        let order = service.send("GET", &target, &headers, "").await.data();
        assert_eq!(order["reference_code"], reference.as_str());
    }
}
