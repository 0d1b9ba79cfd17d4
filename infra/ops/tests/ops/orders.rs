//! Orders listed and shown.

use serde_json::{Value, json};
use support::service::paid_cart;

use crate::program::Desk;

fn references(list: &Value) -> Vec<String> {
    list["orders"].as_array().unwrap().iter().map(|order| order["reference"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_listed_by_state_customer_time_and_place() {
    let desk = Desk::idle().await;
    let mut made = Vec::new();
    for (index, status) in ["pending", "pending_payment", "pending", "pending_payment", "pending"].iter().enumerate() {
        made.push(desk.order(status, &index.to_string()).await);
    }
    let mut jane = paid_cart("jane");
    jane["customer_email"] = json!("Jane@example.com");
    let paid = desk.service.post("complete_order", &jane).await.data();
    made.push(paid["reference_code"].as_str().unwrap().to_owned());
    made.reverse();

    assert_eq!(references(&desk.json(&["orders", "list"]).await), made);
    let one = |index: usize| made[index].clone();
    let pending = desk.json(&["orders", "list", "--status", "pending"]).await;
    assert_eq!(references(&pending), [one(1), one(3), one(5)], "from the index");
    assert_eq!(pending["below"], Value::Null);
    let two = desk.json(&["orders", "list", "--status", "pending", "--limit", "2"]).await;
    assert_eq!(references(&two), [one(1), one(3)]);
    let below = two["below"].to_string();
    let rest = desk.json(&["orders", "list", "--status", "pending", "--limit", "2", "--below", &below]).await;
    assert_eq!((references(&rest), &rest["below"]), (vec![one(5)], &Value::Null));

    let waiting = desk.json(&["orders", "list", "--status", "pending_payment,queued", "--limit", "2"]).await;
    assert_eq!(references(&waiting), [one(0), one(2)], "down the numbers");
    let below = waiting["below"].to_string();
    let rest = desk.json(&["orders", "list", "--status", "pending_payment,queued", "--below", &below]).await;
    assert_eq!(references(&rest), [one(4)]);

    assert_eq!(references(&desk.json(&["orders", "list", "--email", "jane@EXAMPLE.com"]).await), [one(0)]);
    let johns = desk.json(&["orders", "list", "--email", "john@example.com", "--status", "pending"]).await;
    assert_eq!(references(&johns), [one(1), one(3), one(5)]);
    assert_eq!(references(&desk.json(&["orders", "list", "--since", "1h"]).await), made);
    let tomorrow = (chrono::Utc::now() + chrono::Duration::days(1)).format("%Y-%m-%d").to_string();
    assert_eq!(references(&desk.json(&["orders", "list", "--since", &tomorrow]).await), Vec::<String>::new());
    let since = desk.json(&["orders", "list", "--since", "1h", "--status", "pending_payment"]).await;
    assert_eq!(references(&since), [one(2), one(4)]);
    assert!(desk.ops(&["orders", "list", "--since", &tomorrow]).await.done().contains("no such orders"));

    let table = desk.ops(&["orders", "list"]).await.done();
    assert!(table.contains("j***@example.com") && !table.contains("john@"), "{table}");
    assert!(table.contains("J***@example.com"), "{table}");
    assert!(desk.ops(&["orders", "list", "--reveal"]).await.done().contains("john@example.com"));
    for bad in [["--status", "paid"], ["--since", "yesterday"], ["--email", "john"], ["--limit", "0"]] {
        let ended = desk.ops(&[&["orders", "list"], &bad[..]].concat()).await;
        assert!(ended.code == 2 && ended.err.contains(bad[0]), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_shown_by_each_of_its_names_and_private_fields_only_when_asked_for() {
    let desk = Desk::open().await;
    let reference = desk.submitted("1005").await;
    let stored = desk.service.stored(&reference).await;
    desk.ops(&["orders", "approve", &reference, "--yes", "--as", "jane"]).await.done();
    desk.service.becomes(&reference, "completed").await;
    let line = desk.service.line(stored.number.0 * 100 + 1).await.unwrap();
    let (username, password) = (line["username"].as_s().unwrap(), line["password"].as_s().unwrap());

    let shown = desk.ops(&["orders", "show", &reference]).await.done();
    let by_number = desk.ops(&["orders", "show", &stored.number.to_string()]).await.done();
    let by_uuid = desk.ops(&["orders", "show", &stored.uuid.to_string()]).await.done();
    let by_small = desk.ops(&["orders", "show", &reference.to_lowercase()]).await.done();
    assert!(shown == by_number && shown == by_uuid && shown == by_small, "{shown}");
    let masked_json = desk.ops(&["orders", "show", &reference, "--json"]).await.done();
    for text in ["completed", "operator:jane", "provision", "key:demo", "payment_submitted", "V1", "j***@example.com"] {
        assert!(shown.contains(text) && masked_json.contains(text), "{text}: {shown}{masked_json}");
    }
    let private =
        ["john@", "John Private", "555 0100", "1 Private Street", "please be quick", "sent it this morning", username];
    for text in private {
        assert!(!shown.contains(text) && !masked_json.contains(text), "{text}: {shown}{masked_json}");
    }
    let revealed = desk.ops(&["orders", "show", &reference, "--reveal"]).await.done();
    let revealed_json = desk.ops(&["orders", "show", &reference, "--reveal", "--json"]).await.done();
    for text in private {
        assert!(revealed.contains(text) && revealed_json.contains(text), "{text}: {revealed}{revealed_json}");
    }
    assert!(!revealed.contains(password.as_str()) && !revealed_json.contains(password.as_str()));

    let order = desk.json(&["orders", "show", &reference]).await;
    let history: Vec<String> = order["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| format!("{} {} -> {}", change["by"].as_str().unwrap(), change["from"], change["to"]))
        .collect();
    assert_eq!(
        history,
        [
            "key:demo null -> \"pending_payment\"",
            "key:demo \"pending_payment\" -> \"payment_submitted\"",
            "operator:jane \"payment_submitted\" -> \"queued\"",
            "provision \"queued\" -> \"completed\"",
        ]
    );
    assert_eq!((&order["history_dropped"], &order["balance_due"]), (&json!(0), &json!(0)));

    for (named, code) in [("WO-1999-00042", 1), ("99999", 1), ("abc", 2), ("WO-2026-42", 2)] {
        let sentence = desk.ops(&["orders", "show", named]).await.sentence(code);
        assert!(sentence.contains(named), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_was_full_says_so() {
    let desk = Desk::idle().await;
    let reference = desk.order("pending_payment", "1").await;
    for index in 0..70 {
        let mut order = desk.service.stored(&reference).await;
        order.remark("operator:test", format!("remark {index}"), chrono::Utc::now());
        shared::ports::Orders::save(&desk.service.local.store, &mut order).await.unwrap();
    }
    let order = desk.json(&["orders", "show", &reference]).await;
    assert_eq!((order["history"].as_array().unwrap().len(), &order["history_dropped"]), (60, &json!(11)));
    assert_eq!((&order["history"][0]["by"], &order["history"][59]["note"]), (&json!("key:demo"), &json!("remark 69")));
    let shown = desk.ops(&["orders", "show", &reference]).await.done();
    assert!(shown.contains("11 changes between are no longer kept"), "{shown}");
}
