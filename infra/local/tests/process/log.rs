//! What the log of a whole run says, and what it keeps to itself.

use local::{DEMO_KEY, Local, Options};
use serde_json::{Value, json};
use shared::ports::WebhookEndpoints;
use support::receiver::{Answer, Receiver};

use crate::program::{Program, lines};

fn private_cart() -> Value {
    json!({
        "customer_email": "john@example.com",
        "customer_name": "Name-That-Is-Private",
        "customer_phone": "+1-555-0100",
        "customer_address": "Address-That-Is-Private",
        "notes": "Notes-That-Are-Private",
        "payment_method_id": 1,
        "payment_transaction_id": "pi_private",
        "wc_order_id": "wc-private",
        "items": [{ "product_id": 1, "intent": "new_activation" }],
    })
}

/// Every private value that the run sends.
fn sent() -> Vec<String> {
    [
        "john@",
        "jane@",
        "example.com",
        "Name-That",
        "555-0100",
        "Address-That",
        "Notes-That",
        "pi_private",
        "wc-private",
        "header-private",
        "query-private",
        "Ref-Private",
        "Refused-And-Private",
        "malformed-private",
        DEMO_KEY,
    ]
    .map(str::to_owned)
    .to_vec()
}

#[tokio::test]
async fn the_log_of_a_whole_run_gives_nothing_private_away() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap().to_owned();
    let receiver = Receiver::start("0123456789ab", &[], Answer::Status(200)).await;
    let options = Options { port: 0, data: Some(folder.path().to_owned()), background: false, ..Options::default() };
    let local = Local::start(options).await.unwrap();
    local.store.add_endpoint(&receiver.endpoint).await.unwrap();
    local.stop().await;
    let program = Program::start(&["--data", &data, "--log", "json"]).await;
    let private = private_cart();
    let reply = program.post("complete_order", &private).await;
    let reference = reply["data"]["reference_code"].as_str().unwrap().to_owned();
    let order = program.completes(&reference).await;
    program.post("complete_order", &private).await;
    let mut created = private.clone();
    created["status"] = json!("pending_payment");
    let created = program.post("create_work_order", &created).await["data"].clone();
    let token = created["confirmation_token"].as_str().unwrap().to_owned();
    let client = reqwest::Client::new();
    let wrong_key = "a-wrong-key-that-is-private";
    for (target, key) in [
        (format!("get_work_order?ref={reference}&token={token}"), DEMO_KEY),
        (format!("get_work_order?ref={reference}&email=jane@example.com"), DEMO_KEY),
        ("get_work_order?ref=Ref-Private&email=john@example.com".to_owned(), wrong_key),
        ("unknown?secret=query-private".to_owned(), DEMO_KEY),
        // Lines that a caller would like to see in the log.
        ("x%0A%7B%22message%22%3A%22injected%22%7D?y=%0D%0Ainjected".to_owned(), DEMO_KEY),
        ("get_work_order?ref=%0A%7B%22level%22%3A%22injected%22%7D&token=%1B%5B2Jinjected".to_owned(), DEMO_KEY),
    ] {
        let url = format!("{}/api/{target}", program.url);
        client
            .get(url)
            .header("X-Panelr-API-Key", key)
            .header("Idempotency-Key", "header-private")
            .send()
            .await
            .unwrap();
    }
    // Requests that are refused: their values must not be quoted either.
    for field in ["customer_email", "customer_name", "payment_amount", "items", "notes"] {
        let mut refused = private.clone();
        refused[field] = json!("Refused-And-Private".repeat(400));
        program.post("complete_order", &refused).await;
    }
    program.post("complete_order", &json!({ "confirmation_token": token })).await;
    for (field, value) in [("customer_name", "\n{\"message\":\"injected\"}"), ("wc_order_id", "\r\n\u{1b}[2Jinjected")]
    {
        let mut odd = private.clone();
        odd[field] = json!(value);
        program.post("complete_order", &odd).await;
    }
    let malformed = client.post(format!("{}/api/complete_order", program.url)).header("X-Panelr-API-Key", DEMO_KEY);
    malformed.body(r#"{"customer_email":"malformed-private","customer_email":1}"#).send().await.unwrap();
    program.completes(created["reference_code"].as_str().unwrap()).await;
    for _ in 0..100 {
        if receiver.told().len() >= 4 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let log = program.end("TERM").await;

    for line in log.lines().filter(|line| line.starts_with('{')) {
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
    }
    for metric in [
        "OrdersAccepted",
        "OrdersReplayed",
        "OrdersRefused",
        "OrdersProvisioned",
        "SecondsToProvision",
        "EventsQueued",
        "EventsDelivered",
    ] {
        assert!(log.contains(metric), "{metric} is not in the log");
    }
    let mut values = sent();
    values.push(wrong_key.to_owned());
    values.push("secret-in-the-url".to_owned());
    values.push(receiver.endpoint.secret.0.clone());
    values.push("injected".to_owned());
    values.push(token.clone());
    values.push(token.split_at(22).1.to_owned());
    values.push(order["cart"][0]["linked_username"].as_str().unwrap().to_owned());
    values.push(std::fs::read_to_string(folder.path().join("token-secret")).unwrap());
    values
        .extend(lines(folder.path()).await.iter().filter_map(|line| Some(line.get("password")?.as_s().ok()?.clone())));
    assert!(values.len() > 21, "passwords are among them: {}", values.len());
    let found: Vec<&String> =
        values.iter().filter(|value| log.to_lowercase().contains(&value.to_lowercase())).collect();
    assert!(found.is_empty(), "the log gives away {found:?}:\n{log}");
}
