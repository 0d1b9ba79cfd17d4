//! create_activation and create_renewal: complete_order with one item.

use serde_json::json;
use support::service::{TestService, text};

#[tokio::test(flavor = "multi_thread")]
async fn create_activation_makes_a_line() {
    let service = TestService::start().await;
    let body = json!({ "product_id": 1, "customer_email": "john@example.com", "payment_method_id": 1, "payment_amount": 9.99 });
    let reply = service.post("create_activation", &body).await.data();
    let reference = reply["reference_code"].as_str().unwrap();
    assert_eq!(reply, json!({ "work_order_id": 42, "reference_code": reference, "status": "queued" }));
    let order = service.becomes(reference, "completed").await;
    assert_eq!((&order["type"], &order["cart"][0]["linked_username"]), (&json!("new_activation"), &json!("line4201")));
    assert_eq!(
        (&order["source"], &order["prev_paid"], &order["balance_due"]),
        (&json!("api"), &json!(9.99), &json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn create_renewal_takes_its_customer_from_the_line() {
    let service = TestService::start().await;
    // Later than any clock that this runs by: a renewal counts from the end of what was paid for.
    let end = aws_sdk_dynamodb::types::AttributeValue::S("2100-12-01T00:00:00Z".into());
    service.set("line#321", "line", "expires_at", end).await;
    let body = json!({ "activation_id": 321, "product_id": 1, "payment_method_id": 1, "is_free": true });
    let reply = service.post("create_renewal", &body).await.data();
    let order = service.becomes(reply["reference_code"].as_str().unwrap(), "completed").await;
    assert_eq!((&order["customer_email"], &order["type"]), (&json!("john@example.com"), &json!("renewal")));
    assert_eq!((&order["order_total"], &order["payment_method"]), (&json!(0), &json!(null)));
    assert_eq!(
        (&order["cart"][0]["activation_id"], &order["cart"][0]["linked_username"]),
        (&json!(321), &json!("line321"))
    );
    assert_eq!(text(&service.line(321).await.unwrap(), "expires_at"), "2101-01-01T00:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn they_take_effect_once_each_within_its_action() {
    let service = TestService::start().await;
    let renewal =
        json!({ "activation_id": 321, "product_id": 1, "payment_method_id": 1, "payment_transaction_id": "pi_1" });
    let first = service.post("create_renewal", &renewal).await;
    service.becomes(first.data()["reference_code"].as_str().unwrap(), "completed").await;
    // Even when the line has another owner by now.
    let jane = aws_sdk_dynamodb::types::AttributeValue::S("jane@example.com".into());
    service.set("line#321", "line", "customer_email", jane).await;
    assert_eq!(service.post("create_renewal", &renewal).await, first);
    let activation = json!({ "product_id": 1, "customer_email": "john@example.com", "payment_method_id": 1, "payment_transaction_id": "pi_1" });
    let other = service.post("create_activation", &activation).await;
    assert_ne!(other.data()["work_order_id"], first.data()["work_order_id"]);
    assert_eq!(service.post("create_activation", &activation).await, other);
    assert_eq!(service.items_of("order").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn their_fields_are_held_to_the_same_rules() {
    let service = TestService::start().await;
    for (action, body, field) in [
        ("create_activation", json!({ "customer_email": "john@example.com", "payment_method_id": 1 }), "product_id"),
        ("create_activation", json!({ "product_id": 1, "payment_method_id": 1 }), "customer_email"),
        ("create_activation", json!({ "product_id": 1, "customer_email": "john@example.com" }), "payment_method_id"),
        (
            "create_activation",
            json!({ "product_id": 1, "customer_email": "john@example.com", "payment_method_id": 2 }),
            "create_work_order",
        ),
        (
            "create_activation",
            json!({ "product_id": 99, "customer_email": "john@example.com", "payment_method_id": 1 }),
            "product_id",
        ),
        ("create_renewal", json!({ "product_id": 1, "payment_method_id": 1 }), "activation_id"),
        ("create_renewal", json!({ "product_id": 1, "payment_method_id": 1, "activation_id": 9_999 }), "activation_id"),
        ("create_renewal", json!({ "activation_id": 321, "payment_method_id": 1 }), "product_id"),
    ] {
        let error = service.post(action, &body).await.error(422);
        assert!(error.contains(field), "{action} {body}: {error}");
    }
    assert!(service.items_of("order").await.is_empty());
}
