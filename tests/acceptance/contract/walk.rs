//! The recorded requests of the real clients walk through the service in order, with ids and tokens substituted, and each
//! reply has what the client reads.

use serde_json::{Value, json};
use support::service::{Answer, Setup, TestService};

/// The shop of the recordings: product 2 as they price it, and their lines.
fn seed() -> Value {
    let mut seed: Value = serde_json::from_str(local::start::DEMO).unwrap();
    seed["products"][1]["connections"] = json!(1);
    seed
}

struct Walk {
    service: TestService,
    requests: Vec<Value>,
}

impl Walk {
    async fn start() -> Self {
        let service = TestService::with(Setup { seed: Some(seed()), ..Setup::default() }).await;
        let requests = include_str!("../../wire/client-requests.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        Self { service, requests }
    }

    /// Sends the recorded request whose target and body contain these, as it was recorded but for `substitutes`.
    async fn send(&self, target: &str, body: &str, substitutes: &[(&str, &str)]) -> Answer {
        let found = |request: &&Value| {
            request["target"].as_str().unwrap().contains(target) && request["body"].as_str().unwrap().contains(body)
        };
        let request = self.requests.iter().find(found).unwrap_or_else(|| panic!("no recording of {target} {body}"));
        let substitute = |text: &str| {
            let keys = [("test-key", self.service.key.as_str()), ("shx_test", self.service.key.as_str())];
            keys.iter().chain(substitutes).fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
        };
        let headers: Vec<(String, String)> = request["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (pair[0].as_str().unwrap().to_owned(), substitute(pair[1].as_str().unwrap())))
            .filter(|(name, _)| !["host", "content-length", "connection"].contains(&name.to_lowercase().as_str()))
            .collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let text = |name: &str| substitute(request[name].as_str().unwrap());
        self.service.send(&text("method"), &text("target"), &headers, text("body")).await
    }
}

#[track_caller]
fn reads(data: &Value, fields: &[&str]) {
    for field in fields {
        assert!(data.get(field).is_some(), "{field} is not in {data}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugins_way_from_connection_test_to_hand_off() {
    let walk = Walk::start().await;

    // Connection test and sync.
    let products = walk.send("action=get_products", "", &[]).await.data();
    reads(
        &products[0],
        &[
            "id",
            "name",
            "alternate_name",
            "description",
            "panel_description",
            "price_decimal",
            "currency",
            "duration_months",
            "connections",
            "features_mode",
            "features_list",
            "sort_order",
            "panel_product_id",
            "bouquet_ids",
        ],
    );
    let methods = walk.send("action=get_payment_methods", "", &[]).await.data();
    reads(
        &methods[1],
        &[
            "id",
            "name",
            "display_label",
            "processor",
            "mode",
            "is_automated",
            "instructions",
            "config",
            "adjustment_enabled",
            "adjustment_direction",
            "adjustment_mode",
            "adjustment_value",
        ],
    );
    reads(&walk.send("action=get_bouquets", "", &[]).await.data()[0], &["id", "name", "category"]);

    // Automatic orders: a new line; a renewal with new lines; an upgrade; one without a method is refused for good.
    let order = walk.send("action=complete_order", "\"1001\"", &[]).await.data();
    assert_eq!(
        (&order["status"], &order["type"], &order["item_count"]),
        (&json!("queued"), &json!("new_activation"), &json!(1))
    );
    let mixed = walk.send("action=complete_order", "\"1002\"", &[]).await.data();
    assert_eq!((&mixed["type"], &mixed["item_count"]), (&json!("new_activation"), &json!(2)));
    let upgrade = walk.send("action=complete_order", "\"1003\"", &[]).await.data();
    assert_eq!(upgrade["type"], "trial_upgrade");
    assert!(walk.send("action=complete_order", "\"1004\"", &[]).await.error(422).contains("payment_method_id"));
    for reply in [&order, &mixed, &upgrade] {
        let done = walk.service.becomes(reply["reference_code"].as_str().unwrap(), "completed").await;
        assert_eq!(done["balance_due"], 0, "what the shop charged is the total");
    }

    // A manual order with a fee, its instructions, the thank-you page's submission, the status page.
    let manual = walk.send("action=create_work_order", "\"1005\"", &[]).await.data();
    reads(&manual, &["work_order_id", "reference_code", "confirmation_token", "status", "type", "item_count"]);
    let (reference, token) =
        (manual["reference_code"].as_str().unwrap(), manual["confirmation_token"].as_str().unwrap());
    let number = manual["work_order_id"].to_string();
    let ids = [
        ("WO-2026-00042", reference),
        ("tok_abc123", token),
        ("\"work_order_id\":43", &format!("\"work_order_id\":{number}")),
    ];
    let asked = walk.send("action=send_payment_instructions", "1005", &ids).await.data();
    assert_eq!(asked, json!({ "sent": false, "reference_code": reference }));
    let submitted = walk.send("action=submit_payment", "VENMO-1", &ids).await.data();
    assert_eq!((&submitted["status"], &submitted["fully_paid"]), (&json!("payment_submitted"), &json!(false)));
    let page = walk.send("action=get_work_order&ref=WO-2026-00042&token=", "", &ids).await.data();
    assert_eq!(page["adjustment"], json!({ "direction": "fee", "label": "Venmo Fee (5%)", "amount": 0.5 }));
    assert_eq!(
        (&page["status"], &page["order_total"], &page["balance_due"]),
        (&json!("payment_submitted"), &json!(10.49), &json!(10.49))
    );
    assert_eq!(page["payment_method"]["name"], "Venmo");
    let by_email = [("WO-2026-00042", reference)];
    let page_again = walk.send("ref=WO-2026-00042&email=john%40example.com", "", &by_email).await.data();
    assert_eq!(page_again, page);
    assert_eq!(walk.send("email=john%2Bx%40example.com", "", &by_email).await.error(404), "Work order not found.");

    // Without the shop's own fee, the method's.
    let own_fee = walk.send("action=create_work_order", "\"2002\"", &[]).await.data();
    let page = walk.service.order(own_fee["reference_code"].as_str().unwrap(), "john@example.com").await;
    assert_eq!(page["adjustment"], json!({ "direction": "fee", "label": "Venmo Fee (5%)", "amount": 1 }));

    // The hand-off by token: too little is kept and refused, the rest completes it.
    let hand_off = walk.send("action=complete_order", "WC-2003", &ids).await.error(422);
    assert!(hand_off.contains("$0.50"), "{hand_off}");
    let rest = json!({ "confirmation_token": token, "payment_transaction_id": "WC-2004", "payment_amount": 0.5 });
    let done = walk.service.post("complete_order", &rest).await.data();
    assert_eq!(done["work_order_id"], manual["work_order_id"]);
    walk.service.becomes(reference, "completed").await;

    // Partial submissions by reference and e-mail, as the 2.x plugin sends them.
    let discounted = walk.send("action=create_work_order", "\"1006\"", &[]).await.data();
    let (reference, token) =
        (discounted["reference_code"].as_str().unwrap(), discounted["confirmation_token"].as_str().unwrap());
    let ids = [("WO-2026-00042", reference), ("tok_abc123", token)];
    let part = walk.send("action=submit_payment", "\"amount\":5}", &ids).await.data();
    reads(&part, &["fully_paid", "amount_paid", "balance_due"]);
    assert!(walk.send("action=submit_payment", "WC-1008", &ids).await.error(422).contains("reference code alone"));

    // Actions of the plugin that are no part of this service.
    for action in
        ["create_trial", "verify_trial", "verify_login", "update_bouquets", "update_customer", "get_store_settings"]
    {
        walk.send(&format!("action={action}"), "", &[]).await.error(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shoppex_sdks_way() {
    let walk = Walk::start().await;
    let created = walk.send("action=create_work_order", "\"1005\"", &[]).await.data();
    let reference = created["reference_code"].as_str().unwrap();
    let id = [("inv_complete_1", reference)];
    let completed = walk.send("/dev/v1/orders/inv_complete_1/complete", "Completed by external gateway", &id).await;
    let body = completed.json();
    assert_eq!(
        (completed.status, &body["data"]["status"], &body["data"]["payment_status"]),
        (200, &json!("COMPLETED"), &json!("COMPLETED"))
    );
    let again = walk.send("/dev/v1/orders/inv_complete_1/complete", "{}", &id).await;
    assert_eq!((again.status, &again.json()["error"]["code"]), (422, &json!("VALIDATION_ERROR")));
    let one = walk.send("/dev/v1/orders/inv_complete_1", "", &id).await;
    assert!(one.status == 200 || one.status == 422, "the first recording of that path may be a completion");
    let list = walk.send("/dev/v1/orders?limit=2", "", &[]).await.json();
    assert_eq!(list["data"][0]["id"].as_str(), None, "PENDING only: {list}");
    walk.service.becomes(reference, "completed").await;
    for target in ["/fulfill", "/refund", "/dev/v1/payments/", "/dev/v1/checkout/sessions"] {
        assert_eq!(walk.send(target, "", &id).await.json()["error"]["code"], "NOT_FOUND", "{target}");
    }
}
