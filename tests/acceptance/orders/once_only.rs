//! Once only: the same request again, at once, later, after the world has changed; and another under the same key.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use serde_json::{Value, json};
use support::{
    clock::TestClock,
    service::{Setup, TestService, paid_cart, with, without},
};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_copies_at_once_make_one_order_and_one_line() {
    let service = Arc::new(TestService::start().await);
    let copies = (0..50).map(|_| {
        let service = service.clone();
        tokio::spawn(async move { service.post("complete_order", &paid_cart("1001")).await })
    });
    let answers: Vec<_> = join_all(copies).await.into_iter().map(Result::unwrap).collect();
    let reference = answers[0].data()["reference_code"].as_str().unwrap().to_owned();
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text == answers[0].text), "{answers:#?}");
    service.becomes(&reference, "completed").await;
    assert_eq!(service.items_of("order").await.len(), 1);
    assert_eq!(service.items_of("number").await.len(), 1);
    assert_eq!(service.items_of("line").await.len(), 2 + 1, "two of the demo catalogue and the new one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_gets_the_first_reply_whatever_has_happened_since() {
    let service = TestService::with(Setup { cache_for: Duration::ZERO, ..Setup::default() }).await;
    let upgrade = with(
        &paid_cart("1003"),
        json!({ "items": [{ "product_id": 2, "intent": "trial_upgrade", "activation_id": 45 }], "payment_amount": 26.5 }),
    );
    let first = service.post("complete_order", &upgrade).await;
    let reference = first.data()["reference_code"].as_str().unwrap().to_owned();
    service.becomes(&reference, "completed").await;
    // The line is no trial any more, and the product is no longer sold.
    service.set("catalogue", "product#2", "active", AttributeValue::Bool(false)).await;
    assert_eq!(service.post("complete_order", &upgrade).await, first);
    let other = service.post("complete_order", &with(&upgrade, json!({ "wc_order_id": "1004" }))).await;
    assert!(other.error(422).contains("items[0].product_id"), "without the first order it would be refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_order_is_replayed_with_its_token() {
    let service = TestService::with(Setup { cache_for: Duration::ZERO, ..Setup::default() }).await;
    let cart = with(&paid_cart("2002"), json!({ "status": "pending_payment", "payment_method_id": 2 }));
    let first = service.post("create_work_order", &cart).await;
    let token = first.data()["confirmation_token"].as_str().unwrap().to_owned();
    service.set("catalogue", "method#2", "active", AttributeValue::Bool(false)).await;
    service.post("complete_order", &json!({ "confirmation_token": token })).await.data();
    assert_eq!(service.post("create_work_order", &cart).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_request_under_the_same_key_is_refused_with_the_first_reference() {
    let service = TestService::start().await;
    let cart = paid_cart("1001");
    let reference = service.post("complete_order", &cart).await.data()["reference_code"].as_str().unwrap().to_owned();
    for change in [
        json!({ "customer_email": "jane@example.com" }),
        json!({ "items": [{ "product_id": 1, "intent": "new_activation", "qty": 2 }] }),
        json!({ "items": [{ "product_id": 2, "intent": "new_activation" }] }),
    ] {
        let answer = service.post("complete_order", &with(&cart, change)).await;
        assert!(answer.error(422).contains(&reference), "{}", answer.text);
    }
    assert_eq!(service.items_of("order").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_means_the_same_is_the_same() {
    let service = TestService::start().await;
    let cart = paid_cart("1001");
    let first = service.post("complete_order", &cart).await;
    for same in [
        // Between two hooks of a shop, method, transaction and amount may still change; and the rest is not compared.
        json!({ "payment_transaction_id": "pi_other", "payment_amount": 5 }),
        json!({ "payment_method_id": "1", "wc_order_id": 1001, "customer_name": "J", "notes": "again", "source": "woocommerce" }),
        json!({ "customer_email": " John@Example.com ", "items": [{ "product_id": "1", "intent": "new_activation" }] }),
        json!({ "items": [{ "qty": 1.0, "intent": "new_activation", "product_id": 1, "activation_id": null, "extra": true }] }),
    ] {
        assert_eq!(service.post("complete_order", &with(&cart, same)).await, first);
    }
    assert_eq!(service.items_of("order").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_header_then_shop_order_then_transaction() {
    let service = TestService::start().await;
    let post = |headers: &'static [(&'static str, &'static str)], cart: Value| {
        let service = &service;
        async move { service.post_with("complete_order", headers, &cart).await.data()["work_order_id"].as_u64().unwrap() }
    };
    let cart = paid_cart("1001");
    let by_shop_order = post(&[], cart.clone()).await;
    let by_header = post(&[("Idempotency-Key", "k1")], cart.clone()).await;
    assert_ne!(by_shop_order, by_header, "the header decides");
    assert_eq!(post(&[("idempotency-key", "k1")], cart.clone()).await, by_header);
    assert_ne!(post(&[("Idempotency-Key", "k2")], cart.clone()).await, by_header);
    let bare = without(&cart, "wc_order_id");
    let by_transaction = post(&[], bare.clone()).await;
    assert_eq!(post(&[], bare.clone()).await, by_transaction);
    assert_ne!(post(&[], with(&bare, json!({ "payment_transaction_id": "pi_2" }))).await, by_transaction);
    let none = without(&bare, "payment_transaction_id");
    assert_ne!(post(&[], none.clone()).await, post(&[], none).await, "nothing to know it by: a new order each time");
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_header_the_payment_is_compared_too() {
    let service = TestService::start().await;
    let key = [("Idempotency-Key", "k1")];
    let cart = paid_cart("1001");
    let first = service.post_with("complete_order", &key, &cart).await;
    let noise = with(&cart, json!({ "payment_amount": "9.9900000000000002" }));
    assert_eq!(service.post_with("complete_order", &key, &noise).await, first);
    for change in [json!({ "payment_amount": 9 }), json!({ "payment_transaction_id": "x" }), json!({ "is_free": true })]
    {
        service.post_with("complete_order", &key, &with(&cart, change)).await.error(422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_hold_within_shop_and_action() {
    let seed: Value = serde_json::from_str(local::start::DEMO).unwrap();
    let keys = json!([
        { "name": "one", "secret": "secret-of-the-first-shop" },
        { "name": "one", "secret": "its-key-while-it-rotates" },
        { "name": "two", "secret": "secret-of-the-other-shop" },
    ]);
    let mut service =
        TestService::with(Setup { seed: Some(with(&seed, json!({ "api_keys": keys }))), ..Setup::default() }).await;
    let mut numbers = Vec::new();
    for key in ["secret-of-the-first-shop", "its-key-while-it-rotates", "secret-of-the-other-shop"] {
        key.clone_into(&mut service.key);
        numbers.push(service.post("complete_order", &paid_cart("1001")).await.data()["work_order_id"].clone());
    }
    assert_eq!(numbers[0], numbers[1], "two keys of one shop");
    assert_ne!(numbers[0], numbers[2], "another shop");
    let created =
        service.post("create_work_order", &with(&paid_cart("1001"), json!({ "status": "pending" }))).await.data();
    assert_ne!(created["work_order_id"], numbers[2], "another action");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_may_come_again_corrected() {
    let service = TestService::start().await;
    let cart = paid_cart("1001");
    service.post("complete_order", &with(&cart, json!({ "payment_method_id": 99 }))).await.error(422);
    service.post("complete_order", &with(&cart, json!({ "items": [] }))).await.error(422);
    service.post("complete_order", &cart).await.data();
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_deliveries_to_concurrent_consumers_make_one_line() {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = Arc::new(TestService::by_hand(&clock).await);
    let cart = with(
        &paid_cart("1001"),
        json!({ "items": [
            { "product_id": 1, "intent": "new_activation", "qty": 2 },
            { "product_id": 1, "intent": "renewal", "activation_id": 321, "qty": 2 },
        ] }),
    );
    let reply = service.post("complete_order", &cart).await.data();
    let message = service.receive(&service.local.queue_url).await.remove(0);
    let consumers = (0..20).map(|_| {
        let (service, message) = (service.clone(), message.clone());
        tokio::spawn(async move { service.local.poller().deliver(vec![message]).await })
    });
    join_all(consumers).await.into_iter().for_each(Result::unwrap);
    let order = service.order(reply["reference_code"].as_str().unwrap(), "john@example.com").await;
    assert_eq!(order["status"], "completed");
    assert_eq!(order["cart"][0]["linked_username"], "line4201, line4202");
    assert_eq!(service.items_of("line").await.len(), 2 + 2);
    let renewed = service.line(321).await.unwrap();
    assert_eq!(renewed["expires_at"].as_s().unwrap(), "2027-02-01T00:00:00Z", "two months, once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_puts_the_pointer_that_the_first_request_could_not() {
    use support::faults::Fault;
    let service = TestService::start().await;
    let cart = with(&paid_cart("2002"), json!({ "status": "pending_payment", "payment_method_id": 2 }));
    service.http.plan(|call| if call.item == "number" { Fault::Before } else { Fault::None });
    service.post("create_work_order", &cart).await.error(503);
    service.http.heal();
    let reference =
        service.post("create_work_order", &cart).await.data()["reference_code"].as_str().unwrap().to_owned();
    assert_eq!(service.order(&reference, "john@example.com").await["status"], "pending_payment");
}
