//! One whole reply of every action, and of every kind of error, as it goes over the wire.

use serde_json::json;
use support::{
    clock::TestClock,
    service::{Answer, Setup, TestService, paid_cart, with},
};

async fn start() -> TestService {
    TestService::by_hand(&TestClock::at("2026-11-23 12:00:00")).await
}

/// Status, headers and body, with what is random named.
fn show(answer: &Answer) -> String {
    let body: serde_json::Value = answer.json();
    let mut text = serde_json::to_string_pretty(&body).unwrap();
    for (field, pattern) in [("confirmation_token", "<44 letters and digits>"), ("uniqid", "<uuid>")] {
        let value = body.pointer(&format!("/data/{field}")).or(body.pointer(&format!("/data/0/{field}")));
        if let Some(value) = value.and_then(serde_json::Value::as_str) {
            text = text.replace(value, pattern);
        }
    }
    let headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "content-length")
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    format!("{}\n{}\n\n{text}", answer.status, headers.join("\n"))
}

fn waiting() -> serde_json::Value {
    let fields =
        json!({ "status": "pending_payment", "payment_method_id": 2, "payment_amount": null, "wc_order_id": "1005" });
    with(&paid_cart("1005"), fields)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_panelr_side() {
    let service = start().await;
    insta::assert_snapshot!("complete_order", show(&service.post("complete_order", &paid_cart("1001")).await));
    service.drain().await;
    insta::assert_snapshot!(
        "get_work_order",
        show(&service.get("get_work_order", "ref=WO-2026-00042&email=john@example.com").await)
    );
    let created = service.post("create_work_order", &waiting()).await;
    insta::assert_snapshot!("create_work_order", show(&created));
    let (number, token) = (created.data()["work_order_id"].clone(), created.data()["confirmation_token"].clone());
    let asked = json!({ "work_order_id": number, "confirm_url": "https://store.example/" });
    insta::assert_snapshot!(
        "send_payment_instructions",
        show(&service.post("send_payment_instructions", &asked).await)
    );
    let part = json!({ "confirmation_token": token, "payment_transaction_id": "V1", "amount": 5 });
    insta::assert_snapshot!("submit_payment", show(&service.post("submit_payment", &part).await));
    let shown = service
        .get("get_work_order", &format!("ref=WO-2026-{:05}&email=john@example.com", number.as_u64().unwrap()))
        .await;
    insta::assert_snapshot!("get_work_order_partly_paid", show(&shown));
    insta::assert_snapshot!("get_products", show(&service.get("get_products", "").await));
    insta::assert_snapshot!("get_payment_methods", show(&service.get("get_payment_methods", "").await));
    insta::assert_snapshot!("get_bouquets", show(&service.get("get_bouquets", "").await));
    let activation = json!({ "product_id": 1, "customer_email": "john@example.com", "payment_method_id": 1 });
    insta::assert_snapshot!("create_activation", show(&service.post("create_activation", &activation).await));
    let renewal = json!({ "activation_id": 321, "product_id": 1, "payment_method_id": 1 });
    insta::assert_snapshot!("create_renewal", show(&service.post("create_renewal", &renewal).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shoppex_side() {
    let service = start().await;
    service.created(&waiting()).await;
    let complete = "/dev/v1/orders/WO-2026-00042/complete";
    insta::assert_snapshot!(
        "shoppex_get_order",
        show(&service.shoppex("GET", "/dev/v1/orders/WO-2026-00042", &[], "").await)
    );
    insta::assert_snapshot!("shoppex_complete", show(&service.shoppex("POST", complete, &[], "[]").await));
    insta::assert_snapshot!("shoppex_list", show(&service.shoppex("GET", "/dev/v1/orders?limit=1", &[], "").await));
    insta::assert_snapshot!("shoppex_error_state", show(&service.shoppex("POST", complete, &[], "[]").await));
    insta::assert_snapshot!(
        "shoppex_error_field",
        show(&service.shoppex("GET", "/dev/v1/orders?limit=0", &[], "").await)
    );
    insta::assert_snapshot!("shoppex_error_unknown", show(&service.shoppex("GET", "/dev/v1/orders/x", &[], "").await));
    insta::assert_snapshot!("shoppex_error_key", show(&service.send("GET", "/dev/v1/orders", &[], "").await));
    let too_large = " ".repeat(256 * 1024 + 1);
    insta::assert_snapshot!("shoppex_error_too_large", show(&service.shoppex("POST", complete, &[], &too_large).await));
    insta::assert_snapshot!("shoppex_error_method", show(&service.shoppex("PUT", "/dev/v1/orders", &[], "").await));
    service.http.plan(|_| support::faults::Fault::Broken);
    insta::assert_snapshot!("shoppex_error_fault", show(&service.shoppex("GET", "/dev/v1/orders", &[], "").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_panelr_errors() {
    let seed: serde_json::Value = serde_json::from_str(local::start::DEMO).unwrap();
    let keys = json!([
        { "name": "demo", "secret": "demo-key-for-this-machine-only" },
        { "name": "reader", "secret": "may-read-orders-only", "scopes": ["orders.read"] },
    ]);
    let clock = TestClock::at("2026-11-23 12:00:00");
    let seed = Some(with(&seed, json!({ "api_keys": keys })));
    let mut service =
        TestService::with(Setup { clock: Some(clock), seed, background: false, ..Setup::default() }).await;
    let key = service.key.clone();
    let cart = paid_cart("1001");
    let post =
        async |body: &str| service.send("POST", "/api/complete_order", &[("X-Panelr-API-Key", &key)], body).await;
    insta::assert_snapshot!("error_key", show(&service.send("POST", "/api/complete_order", &[], "{}").await));
    insta::assert_snapshot!("error_malformed", show(&post("{").await));
    insta::assert_snapshot!("error_too_large", show(&post(&" ".repeat(256 * 1024 + 1)).await));
    insta::assert_snapshot!("error_fields", show(&post(r#"{"items":[{"qty":0}],"is_free":"perhaps"}"#).await));
    insta::assert_snapshot!("error_unknown_action", show(&service.get("get_nothing", "").await));
    insta::assert_snapshot!("error_query", show(&service.get("get_work_order", "").await));
    insta::assert_snapshot!("error_method", show(&service.get("complete_order", "").await));
    insta::assert_snapshot!(
        "error_not_found",
        show(&service.get("get_work_order", "ref=WO-2026-00042&email=john@example.com").await)
    );
    let manual = with(&cart, json!({ "payment_method_id": 2 }));
    insta::assert_snapshot!("error_manual_method", show(&service.post("complete_order", &manual).await));
    service.post("complete_order", &cart).await.data();
    let other = with(&cart, json!({ "customer_email": "jane@example.com" }));
    insta::assert_snapshot!("error_key_used", show(&service.post("complete_order", &other).await));
    let token = service.created(&waiting()).await["confirmation_token"].clone();
    let little = json!({ "confirmation_token": token, "payment_transaction_id": "V1", "payment_amount": 5 });
    insta::assert_snapshot!("error_balance", show(&service.post("complete_order", &little).await));
    insta::assert_snapshot!(
        "error_state",
        show(&service.post("submit_payment", &json!({ "confirmation_token": token })).await)
    );
    service.http.plan(|_| support::faults::Fault::Broken);
    insta::assert_snapshot!("error_fault", show(&service.post("complete_order", &paid_cart("1002")).await));
    service.http.heal();
    "may-read-orders-only".clone_into(&mut service.key);
    insta::assert_snapshot!("error_scope", show(&service.post("complete_order", &cart).await));
    let complete = "/dev/v1/orders/WO-2026-00042/complete";
    insta::assert_snapshot!("shoppex_error_scope", show(&service.shoppex("POST", complete, &[], "").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests() {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = TestService::with(Setup { clock: Some(clock), key_rate: 1, ..Setup::default() }).await;
    for _ in 0..5 {
        service.get("get_products", "").await.data();
    }
    insta::assert_snapshot!("too_many", show(&service.get("get_products", "").await));
    insta::assert_snapshot!("shoppex_too_many", show(&service.shoppex("GET", "/dev/v1/orders", &[], "").await));
}
