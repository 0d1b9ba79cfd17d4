//! Seed files: what they bring, what they never change, and what is wrong with a bad one.

use std::{path::Path, sync::Arc};

use local::{DEMO_KEY, Local, Options, StartError};
use serde_json::{Value, json};

async fn start(data: Option<&Path>, seed: Option<&str>) -> Result<Local, StartError> {
    let options = Options {
        port: 0,
        data: data.map(Path::to_owned),
        seed: seed.map(|text| text.as_bytes().to_vec()),
        clock: Arc::new(shared::ports::SystemClock),
        ..Options::default()
    };
    Local::start(options).await
}

fn demo() -> Value {
    serde_json::from_str(local::start::DEMO).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_seed_is_refused_with_the_entry_named() {
    let cases = [
        ("not JSON", "not valid JSON"),
        ("[]", "JSON object"),
        (r#"{"prodcuts": []}"#, "`prodcuts` is not known"),
        (r#"{"settings": {"curency": "USD"}}"#, "`settings.curency`"),
        (r#"{"settings": {"currency": "XQX"}}"#, "`settings.currency`"),
        (
            r#"{"products": [{"id": 1, "name": "A", "price_decimal": 9.999, "duration_months": 1, "connections": 1}]}"#,
            "`products[0].price_decimal`",
        ),
        (
            r#"{"products": [{"id": 1, "name": "A", "price_decimal": 9, "duration_months": 121, "connections": 1}]}"#,
            "`products[0].duration_months`",
        ),
        (
            r#"{"products": [{"id": 1, "price_decimal": 9, "duration_months": 1, "connections": 1}]}"#,
            "`products[0].name` is required",
        ),
        (
            r#"{"products": [{"id": 1, "name": "A", "price_decimal": 9, "duration_months": 1, "connections": 1, "color": 1}]}"#,
            "`products[0].color`",
        ),
        (
            r#"{"bouquets": [{"id": 1, "name": "A", "category": "live"}, {"id": 1, "name": "B", "category": "vod"}]}"#,
            "`bouquets[1]`",
        ),
        (r#"{"bouquets": [{"id": 1, "name": "A", "category": "radio"}]}"#, "`bouquets[0].category`"),
        (r#"{"payment_methods": [{"id": 1, "name": "A", "mode": "auto"}]}"#, "`payment_methods[0].mode`"),
        (
            r#"{"payment_methods": [{"id": 1, "name": "A", "mode": "manual", "adjustment_enabled": true}]}"#,
            "`payment_methods[0].adjustment_enabled`",
        ),
        (r#"{"api_keys": [{"name": "a", "secret": "too short"}]}"#, "`api_keys[0].secret`"),
        (
            r#"{"api_keys": [{"name": "a", "secret": "a-secret-that-is-long-enough", "scopes": ["all"]}]}"#,
            "`api_keys[0].scopes[0]`",
        ),
        (
            r#"{"lines": [{"activation_id": 9, "product_id": 1, "customer_email": "x", "connections": 1}]}"#,
            "`lines[0].customer_email`",
        ),
        (
            r#"{"lines": [{"activation_id": 9, "product_id": 1, "customer_email": "a@b.co", "connections": 1, "expires_at": "soon"}]}"#,
            "`lines[0].expires_at`",
        ),
        (
            r#"{"lines": [{"activation_id": 100, "product_id": 1, "customer_email": "a@b.co", "connections": 1}]}"#,
            "`lines[0].activation_id` must be under 100",
        ),
    ];
    for (seed, wanted) in cases {
        let fault = start(None, Some(seed)).await.err().unwrap_or_else(|| panic!("started with {seed}"));
        assert!(fault.to_string().contains(wanted), "{seed}: {fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_seed_adds_lines_and_keys_updates_the_catalogue_and_resets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let client = reqwest::Client::new();
    let complete = |local: &Local, body: Value| {
        let request =
            client.post(format!("{}/api/complete_order", local.url)).header("X-Panelr-API-Key", DEMO_KEY).json(&body);
        async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
    };
    let cart = |item: Value| json!({ "customer_email": "john@example.com", "payment_method_id": 1, "items": [item] });

    let local = start(Some(folder.path()), None).await.unwrap();
    let first = complete(&local, cart(json!({ "product_id": 1, "intent": "renewal", "activation_id": 321 }))).await;
    assert_eq!(first["data"]["work_order_id"], 42);
    let mut renewed = Value::Null;
    for _ in 0..100 {
        let url = format!(
            "{}/api/get_work_order?ref=WO-{}-00042&email=john@example.com",
            local.url,
            chrono::Utc::now().format("%Y")
        );
        renewed = client.get(url).header("X-Panelr-API-Key", DEMO_KEY).send().await.unwrap().json().await.unwrap();
        if renewed["data"]["status"] == "completed" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(renewed["data"]["status"], "completed");
    local.stop().await;

    let mut seed = demo();
    seed["settings"]["first_work_order_id"] = json!(900);
    seed["products"][0]["price_decimal"] = json!(19.99);
    seed["api_keys"] = json!([{ "name": "second", "secret": "the-key-of-a-second-shop" }]);
    seed["lines"][0]["expires_at"] = json!("2000-01-01 00:00:00");
    seed["lines"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "activation_id": 322, "product_id": 1, "customer_email": "jane@example.com", "connections": 1 }));
    let local = start(Some(folder.path()), Some(&seed.to_string())).await.unwrap();
    assert!(local.has_demo_key, "the key that was there still is");
    let second = complete(&local, cart(json!({ "product_id": 1, "intent": "renewal", "activation_id": 322 }))).await;
    let number = second["data"]["work_order_id"].as_u64().unwrap();
    assert!((43..100).contains(&number), "numbers go on: {second}");
    let line = shared::ports::Activations::lines(&local.store, &[shared::domain::ids::ActivationId(321)].into())
        .await
        .unwrap();
    let expires = line.values().next().unwrap().expires_at.unwrap();
    assert!(expires.to_rfc3339().starts_with("2027-01-01"), "the line kept its renewal: {expires}");
    local.stop().await;

    let too_high = json!({ "lines": [{ "activation_id": 5_000, "product_id": 1, "customer_email": "jane@example.com", "connections": 1 }] });
    let fault = start(Some(folder.path()), Some(&too_high.to_string())).await.err().expect("refused");
    assert!(fault.to_string().contains("under 4200"), "the limit is the store's: {fault}");
}
