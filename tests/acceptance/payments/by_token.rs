//! complete_order by a confirmation token: the order that create_work_order made is paid.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use serde_json::{Value, json};
use support::{
    clock::TestClock,
    service::{Answer, TestService, paid_cart, text, with, without},
};

const REPLY: &str = r#"{"success":true,"data":{"work_order_id":42,"reference_code":"WO-2026-00042","status":"queued","type":"new_activation","item_count":1},"error":null}"#;

async fn shop() -> (TestService, TestClock) {
    let clock = TestClock::at("2026-11-23 17:00:00");
    (TestService::by_hand(&clock).await, clock)
}

/// The token of an order of 9.99, made like this.
async fn made(service: &TestService, fields: Value) -> String {
    let cart = without(&without(&paid_cart("1001"), "payment_amount"), "payment_transaction_id");
    let request = with(&with(&cart, json!({ "status": "pending_payment" })), fields);
    let reply = service.post("create_work_order", &request).await.data();
    reply["confirmation_token"].as_str().unwrap().to_owned()
}

async fn complete(service: &TestService, token: &str, fields: Value) -> Answer {
    let body = with(&json!({ "confirmation_token": token }), fields);
    service.post("complete_order", &body).await
}

async fn complete_once(service: &TestService, key: &str, token: &str, fields: Value) -> Answer {
    let body = with(&json!({ "confirmation_token": token }), fields);
    service.post_with("complete_order", &[("Idempotency-Key", key)], &body).await
}

async fn shown(service: &TestService, token: &str) -> Value {
    let query = format!("ref=WO-2026-00042&token={token}");
    service.get("get_work_order", &query).await.data()
}

/// Changes the state of the only order behind the service's back.
async fn set_status(service: &TestService, status: &str) {
    let orders = service.items_of("order").await;
    assert_eq!(orders.len(), 1);
    let status = AttributeValue::S(status.to_owned());
    service.set(&text(&orders[0], "pk"), "order", "status", status).await;
}

/// Amounts of the payments so far.
fn payments(order: &Value) -> Vec<f64> {
    let payments = order["payment_history"].as_array().unwrap();
    payments.iter().map(|payment| payment["amount"].as_f64().unwrap()).collect()
}

/// Works the queue off and counts the lines that were made.
async fn lines_made(service: &TestService) -> usize {
    service.drain().await;
    // The demo catalogue has two.
    service.items_of("line").await.len() - 2
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_waits_is_completed_and_provisioned() {
    for status in ["pending", "pending_payment", "payment_submitted"] {
        let (service, clock) = shop().await;
        let token = made(&service, json!({ "status": status })).await;
        clock.advance(60);
        assert_eq!(complete(&service, &token, json!({})).await.text, REPLY, "{status}");
        assert_eq!(service.messages_sent(), 1);
        let order = shown(&service, &token).await;
        assert_eq!(
            (&order["status"], &order["updated_at"]),
            (&json!("awaiting_webhook"), &json!("2026-11-23 17:01:00"))
        );
        assert_eq!(lines_made(&service).await, 1);
        assert_eq!(shown(&service, &token).await["status"], "completed");
        assert_eq!(service.items_of("order").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completed_order_gets_the_same_answer_and_is_not_queued_again() {
    let (service, _) = shop().await;
    let token = made(&service, json!({})).await;
    complete(&service, &token, json!({ "payment_transaction_id": "pi_1" })).await.data();
    service.messages_sent();
    let queued = service.items().await;
    for fields in [json!({}), json!({ "payment_transaction_id": "pi_1" }), json!({ "payment_amount": 5 })] {
        assert_eq!(complete(&service, &token, fields).await.text, REPLY);
    }
    assert_eq!(service.items().await, queued);
    assert_eq!(lines_made(&service).await, 1);
    let completed = service.items().await;
    assert_eq!(complete(&service, &token, json!({ "payment_amount": 9.99 })).await.text, REPLY);
    for status in ["queued", "provisioning", "failed", "completed"] {
        set_status(&service, status).await;
        assert_eq!(complete(&service, &token, json!({})).await.text, REPLY, "{status}");
    }
    assert_eq!(service.items().await, completed);
    assert_eq!(service.messages_sent(), 0);
    assert_eq!(lines_made(&service).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_made_completed_is_never_provisioned() {
    let (service, _) = shop().await;
    let token = made(&service, json!({ "status": "completed" })).await;
    let before = service.items().await;
    assert_eq!(complete(&service, &token, json!({})).await.text, REPLY);
    assert_eq!((service.messages_sent(), lines_made(&service).await), (0, 0));
    assert_eq!(service.items().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_called_off_is_refused() {
    for status in ["canceled", "payment_failed"] {
        let (service, _) = shop().await;
        let token = made(&service, json!({ "status": status })).await;
        let before = service.items().await;
        for fields in [json!({}), json!({ "payment_amount": 9.99 }), json!({ "payment_amount": 1 })] {
            let sentence = complete(&service, &token, fields).await.error(422);
            assert!(sentence.contains(status), "{sentence}");
        }
        assert_eq!((service.items().await, service.messages_sent()), (before, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_token_is_no_work_order() {
    let (service, _) = shop().await;
    let token = made(&service, json!({})).await;
    let before = service.items().await;
    let other = if token.ends_with('a') { 'b' } else { 'a' };
    let forged = format!("{}{other}", &token[..token.len() - 1]);
    for wrong in [forged.as_str(), "A", &token.to_lowercase(), &"0".repeat(44), "é"] {
        assert_eq!(complete(&service, wrong, json!({})).await.error(404), "Work order not found.");
        let once = complete_once(&service, "a-key", wrong, json!({})).await;
        assert_eq!(once.error(404), "Work order not found.");
    }
    assert_eq!(service.items().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_amount_pays_the_balance() {
    for amount in [json!(null), json!("")] {
        let (service, _) = shop().await;
        let first = json!({ "status": "pending", "payment_amount": 4, "payment_transaction_id": "pi_1" });
        let token = made(&service, first).await;
        let rest = json!({ "payment_amount": amount, "payment_transaction_id": "pi_2", "payment_method_id": 1 });
        complete(&service, &token, rest).await.data();
        let order = shown(&service, &token).await;
        assert_eq!(
            order["payment_history"],
            json!([
                { "amount": 4, "at": "2026-11-23 17:00:00", "transaction_id": "pi_1", "method": "Card" },
                { "amount": 5.99, "at": "2026-11-23 17:00:00", "transaction_id": "pi_2", "method": "Card" },
            ])
        );
        assert_eq!((&order["prev_paid"], &order["balance_due"]), (&json!(9.99), &json!(0)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_paid_already_is_queued_without_another_payment() {
    let (service, _) = shop().await;
    let paid = json!({ "status": "payment_submitted", "payment_amount": 9.99, "payment_transaction_id": "pi_1" });
    let token = made(&service, paid).await;
    complete(&service, &token, json!({ "payment_amount": null })).await.data();
    assert_eq!(payments(&shown(&service, &token).await), [9.99]);
    assert_eq!(service.messages_sent(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_is_recorded_as_the_payment() {
    for (amount, paid) in [(json!(9.99), 9.99), (json!("9.99"), 9.99), (json!(12), 12.0)] {
        let (service, _) = shop().await;
        let token = made(&service, json!({})).await;
        let fields = json!({ "payment_amount": amount, "payment_transaction_id": "pi_9" });
        complete(&service, &token, fields).await.data();
        let order = shown(&service, &token).await;
        assert_eq!((payments(&order), &order["balance_due"]), (vec![paid], &json!(0)));
        assert_eq!(order["payment_history"][0]["transaction_id"], "pi_9");
        // What the order costs does not change with what was paid.
        assert_eq!((&order["order_total"], &order["adjustment"]), (&json!(9.99), &json!(null)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_that_leaves_a_balance_is_kept_and_the_rest_completes() {
    for status in ["pending", "pending_payment", "payment_submitted"] {
        let (service, _) = shop().await;
        let token = made(&service, json!({ "status": status })).await;
        let part = json!({ "payment_amount": 4, "payment_transaction_id": "pi_1" });
        let sentence = complete(&service, &token, part).await.error(422);
        assert!(sentence.contains("5.99"), "{sentence}");
        let order = shown(&service, &token).await;
        assert_eq!(order["status"], "payment_submitted", "{status}");
        assert_eq!((payments(&order), &order["has_partials"]), (vec![4.0], &json!(true)));
        let part = json!({ "payment_amount": "1.99", "payment_transaction_id": "pi_2" });
        assert!(complete(&service, &token, part).await.error(422).contains("4.00"));
        assert_eq!((service.messages_sent(), lines_made(&service).await), (0, 0));
        let rest = json!({ "payment_amount": 4, "payment_transaction_id": "pi_3" });
        assert_eq!(complete(&service, &token, rest).await.text, REPLY);
        let order = shown(&service, &token).await;
        assert_eq!((payments(&order), &order["balance_due"]), (vec![4.0, 1.99, 4.0], &json!(0)));
        assert_eq!((service.messages_sent(), lines_made(&service).await), (1, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_transaction_again_is_not_paid_twice() {
    let (service, _) = shop().await;
    let token = made(&service, json!({})).await;
    let part = json!({ "payment_amount": 5, "payment_transaction_id": "pi_1" });
    let first = complete(&service, &token, part.clone()).await;
    assert!(first.error(422).contains("4.99"));
    assert_eq!(complete(&service, &token, part).await.text, first.text);
    assert_eq!(payments(&shown(&service, &token).await), [5.0]);
    // Another transaction of the same amount is another payment.
    let other = json!({ "payment_amount": 5, "payment_transaction_id": "pi_2" });
    assert_eq!(complete(&service, &token, other).await.text, REPLY);
    assert_eq!(payments(&shown(&service, &token).await), [5.0, 5.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_part_payment_again_without_a_transaction_is_not_paid_twice() {
    let (service, _) = shop().await;
    let token = made(&service, json!({})).await;
    let first = complete(&service, &token, json!({ "payment_amount": 5 })).await;
    assert!(first.error(422).contains("4.99"));
    // A client that was not answered sends it again, perhaps in other words.
    for amount in [json!(5), json!("5.00"), json!(5.0)] {
        assert_eq!(complete(&service, &token, json!({ "payment_amount": amount })).await.text, first.text);
    }
    assert_eq!(payments(&shown(&service, &token).await), [5.0]);
    assert_eq!((service.messages_sent(), lines_made(&service).await), (0, 0));
    // With a transaction, a key or a method of its own it is another payment.
    let named = json!({ "payment_amount": 1, "payment_transaction_id": "pi_2" });
    assert!(complete(&service, &token, named).await.error(422).contains("3.99"));
    assert!(complete_once(&service, "a-key", &token, json!({ "payment_amount": 1 })).await.error(422).contains("2.99"));
    assert!(complete(&service, &token, json!({ "payment_amount": 1 })).await.error(422).contains("1.99"));
    let method = json!({ "payment_amount": 1, "payment_method_id": 1 });
    assert!(complete(&service, &token, method).await.error(422).contains("0.99"));
    assert_eq!(payments(&shown(&service, &token).await), [5.0, 1.0, 1.0, 1.0, 1.0]);
    // The copy of a part payment does not pay what another left, and once all is paid it is done.
    assert!(complete(&service, &token, json!({ "payment_amount": 5 })).await.error(422).contains("0.99"));
    assert_eq!(complete(&service, &token, json!({ "payment_amount": 0.99 })).await.text, REPLY);
    assert_eq!(complete(&service, &token, json!({ "payment_amount": 5 })).await.text, REPLY);
    assert_eq!((service.messages_sent(), lines_made(&service).await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_fields_are_refused_and_nothing_is_kept() {
    let (service, _) = shop().await;
    let token = made(&service, json!({})).await;
    let before = service.items().await;
    for (fields, field) in [
        (json!({ "payment_amount": -1 }), "`payment_amount`"),
        (json!({ "payment_amount": 9.999 }), "`payment_amount`"),
        (json!({ "payment_amount": "all" }), "`payment_amount`"),
        (json!({ "payment_method_id": 99 }), "`payment_method_id`"),
        (json!({ "payment_method_id": "card" }), "`payment_method_id`"),
        (json!({ "payment_transaction_id": "t".repeat(256) }), "`payment_transaction_id`"),
    ] {
        let sentence = complete(&service, &token, fields.clone()).await.error(422);
        assert!(sentence.contains(field), "{fields}: {sentence}");
        let once = complete_once(&service, "a-key", &token, fields).await;
        assert!(once.error(422).contains(field));
    }
    assert_eq!(service.items().await, before);
    // Corrected, it may come again under the same key.
    assert_eq!(complete_once(&service, "a-key", &token, json!({})).await.text, REPLY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_key_answers_the_same_request_for_a_day() {
    let (service, clock) = shop().await;
    let token = made(&service, json!({})).await;
    let fields = json!({ "payment_amount": 9.99, "payment_transaction_id": "pi_1", "payment_method_id": 1 });
    let same = json!({ "payment_amount": "9.990", "payment_transaction_id": "pi_1", "payment_method_id": "1" });
    for fields in [&fields, &fields, &same] {
        assert_eq!(complete_once(&service, "a-key", &token, fields.clone()).await.text, REPLY);
    }
    assert_eq!(lines_made(&service).await, 1);
    clock.advance(24 * 3_600 - 1);
    assert_eq!(complete_once(&service, "a-key", &token, fields).await.text, REPLY);
    let other = complete_once(&service, "a-key", &token, json!({ "payment_amount": 1 })).await;
    assert!(other.error(422).contains("WO-2026-00042"));
    assert_eq!((service.messages_sent(), lines_made(&service).await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_key_refuses_another_request_by_naming_the_order() {
    let (service, _) = shop().await;
    let token = made(&service, json!({})).await;
    let other_token = made(&service, json!({ "wc_order_id": "1002" })).await;
    let fields = json!({ "payment_amount": 9.99, "payment_transaction_id": "pi_1" });
    complete_once(&service, "a-key", &token, fields.clone()).await.data();
    let before = service.items().await;
    for (token, fields) in [
        (&token, json!({})),
        (&token, with(&fields, json!({ "payment_amount": 9.98 }))),
        (&token, with(&fields, json!({ "payment_transaction_id": "pi_2" }))),
        (&token, with(&fields, json!({ "payment_method_id": 1 }))),
        (&other_token, fields.clone()),
    ] {
        let sentence = complete_once(&service, "a-key", token, fields.clone()).await.error(422);
        assert!(sentence.contains("WO-2026-00042"), "{fields}: {sentence}");
    }
    let cart = service.post_with("complete_order", &[("Idempotency-Key", "a-key")], &paid_cart("1003")).await;
    assert!(cart.error(422).contains("WO-2026-00042"));
    assert_eq!(service.items().await, before);
    // Without the key, each is a request of its own.
    complete(&service, &other_token, fields).await.data();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_key_that_made_an_order_completes_no_other() {
    let (service, _) = shop().await;
    let header = [("Idempotency-Key", "a-key")];
    service.post_with("complete_order", &header, &paid_cart("1001")).await.data();
    let token = made(&service, json!({ "wc_order_id": "1002" })).await;
    let before = service.items().await;
    let sentence = complete_once(&service, "a-key", &token, json!({})).await.error(422);
    assert!(sentence.contains("WO-2026-00042"), "{sentence}");
    assert_eq!(service.items().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_payment_under_a_header_key_is_kept_once() {
    let (service, _) = shop().await;
    let token = made(&service, json!({})).await;
    for _ in 0..3 {
        let part = complete_once(&service, "a-key", &token, json!({ "payment_amount": 4 })).await;
        assert!(part.error(422).contains("5.99"));
    }
    assert_eq!(payments(&shown(&service, &token).await), [4.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_copies_at_once_are_one_payment_one_message_and_one_line() {
    for key in [None, Some("a-key")] {
        let (service, _) = shop().await;
        let token = made(&service, json!({})).await;
        let body = json!({ "confirmation_token": token, "payment_amount": 9.99, "payment_transaction_id": "pi_1" });
        let headers: Vec<_> = key.map(|key| ("Idempotency-Key", key)).into_iter().collect();
        let answers = join_all((0..10).map(|_| service.post_with("complete_order", &headers, &body))).await;
        for answer in answers {
            assert_eq!(answer.text, REPLY);
        }
        assert_eq!((service.messages_sent(), lines_made(&service).await), (1, 1));
        assert_eq!(payments(&shown(&service, &token).await), [9.99]);
    }
}
