//! Payments of orders that wait for them: in one go, over several rounds, twice at once.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::{
    domain::money::{Amount, Currency},
    use_case::operator,
};
use support::{
    clock::TestClock,
    service::{Setup, TestService, paid_cart, with, without},
};

/// 20.98: two pieces of product 1, a fee of 1.
fn waiting() -> Value {
    with(
        &without(&paid_cart("3001"), "payment_amount"),
        json!({
            "status": "pending_payment", "payment_method_id": 2, "payment_transaction_id": null,
            "items": [{ "product_id": 1, "intent": "new_activation", "qty": 2 }],
            "adjustment_direction": "fee", "adjustment_label": "Venmo Fee (5%)", "adjustment_amount": 1,
        }),
    )
}

async fn start() -> (TestService, String, String) {
    let service = TestService::start().await;
    let created = service.created(&waiting()).await;
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    let (reference, token) = (text("reference_code"), text("confirmation_token"));
    (service, reference, token)
}

fn usd(text: &str) -> Amount {
    Amount::new(text.parse().unwrap(), Currency::USD).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_over_several_rounds() {
    let (service, reference, token) = start().await;
    let first = json!({ "confirmation_token": token, "payment_transaction_id": "V1", "customer_note": "half of it", "amount": 5 });
    let reply = service.post("submit_payment", &first).await.data();
    assert_eq!(
        reply,
        json!({
            "work_order_id": 42, "reference_code": reference, "status": "payment_submitted", "fully_paid": false,
            "amount_paid": 5, "balance_due": 15.98,
        })
    );
    let order = service.order(&reference, "john@example.com").await;
    assert_eq!((&order["has_partials"], &order["prev_paid"]), (&json!(true), &json!(5)));
    let second = json!({
        "reference_code": reference, "customer_email": " JOHN@example.com", "payment_transaction_id": "V2", "amount": 15.98,
    });
    let early = service.post("submit_payment", &second).await.error(422);
    assert!(early.contains("payment_submitted"), "{early}");
    let stored = service.stored(&reference).await;
    let worker = service.local.functions.context();
    operator::partial(worker, "test", stored, usd("5")).await.unwrap();
    assert_eq!(service.order(&reference, "john@example.com").await["status"], "pending_payment");
    let reply = service.post("submit_payment", &second).await.data();
    assert_eq!(
        (&reply["fully_paid"], &reply["amount_paid"], &reply["balance_due"]),
        (&json!(true), &json!(20.98), &json!(0))
    );
    let order = service.order(&reference, "john@example.com").await;
    let history: Vec<(&Value, &Value)> = order["payment_history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|payment| (&payment["amount"], &payment["transaction_id"]))
        .collect();
    assert_eq!(history, [(&json!(5), &json!("V1")), (&json!(15.98), &json!("V2"))]);
    assert_eq!((&order["has_partials"], &order["balance_due"]), (&json!(false), &json!(0)));
    let stored = service.stored(&reference).await;
    operator::approve(worker, "test", stored).await.unwrap();
    let order = service.becomes(&reference, "completed").await;
    assert_eq!(order["payment_history"].as_array().unwrap().len(), 2, "nothing was due any more");
    let history: Vec<String> = service
        .stored(&reference)
        .await
        .history()
        .iter()
        .map(|change| format!("{} {}", change.by, change.to))
        .collect();
    assert_eq!(
        history,
        [
            "key:demo pending_payment",
            "key:demo payment_submitted",
            "operator:test pending_payment",
            "key:demo payment_submitted",
            "operator:test queued",
            "provision completed",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_payment_sent_again_gets_its_first_answer() {
    let (service, reference, token) = start().await;
    let payment = json!({ "confirmation_token": token, "payment_transaction_id": "V1", "amount": 5 });
    let first = service.post("submit_payment", &payment).await;
    assert_eq!(service.post("submit_payment", &payment).await, first);
    service.post("submit_payment", &with(&payment, json!({ "amount": 6 }))).await.error(422);
    service.post("submit_payment", &with(&payment, json!({ "payment_transaction_id": "" }))).await.error(422);
    let completed = json!({ "confirmation_token": token, "payment_transaction_id": "V2", "payment_amount": 15.98 });
    service.post("complete_order", &completed).await.data();
    service.becomes(&reference, "completed").await;
    let order = service.order(&reference, "john@example.com").await;
    assert_eq!(order["prev_paid"], 20.98, "5 once, 15.98 once");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_amount_no_payment_is_recorded() {
    let (service, reference, token) = start().await;
    let reply = service
        .post("submit_payment", &json!({ "confirmation_token": token, "customer_note": "hi\nthere" }))
        .await
        .data();
    assert_eq!(
        reply,
        json!({ "work_order_id": 42, "reference_code": reference, "status": "payment_submitted", "fully_paid": false })
    );
    let order = service.order(&reference, "john@example.com").await;
    assert_eq!((&order["prev_paid"], &order["payment_history"]), (&json!(0), &json!([])));
    let stored = service.stored(&reference).await;
    assert_eq!(stored.history()[1].note.as_deref(), Some("hi\nthere"), "for operators");
    assert!(!order.to_string().contains("there"), "and not for customers");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_submissions_at_once_one_wins_and_no_money_is_lost() {
    for _ in 0..5 {
        let (service, reference, token) = start().await;
        let service = Arc::new(service);
        let submissions = ["V1", "V2"].map(|transaction| {
            let service = service.clone();
            let body = json!({ "confirmation_token": token, "payment_transaction_id": transaction, "amount": 5 });
            tokio::spawn(async move { service.post("submit_payment", &body).await.status })
        });
        let mut statuses: Vec<u16> = join_all(submissions).await.into_iter().map(Result::unwrap).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422]);
        assert_eq!(service.order(&reference, "john@example.com").await["prev_paid"], 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_and_a_completion_at_once_never_overwrite_each_other() {
    for _ in 0..5 {
        let (service, reference, token) = start().await;
        let service = Arc::new(service);
        let submit = json!({ "confirmation_token": token, "payment_transaction_id": "V1", "amount": 5 });
        let complete = json!({ "confirmation_token": token, "payment_transaction_id": "V2" });
        let both = [("submit_payment", submit), ("complete_order", complete)].map(|(action, body)| {
            let service = service.clone();
            tokio::spawn(async move { service.post(action, &body).await.status })
        });
        let statuses: Vec<u16> = join_all(both).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(statuses[1], 200);
        let order = service.becomes(&reference, "completed").await;
        assert_eq!(order["prev_paid"], 20.98, "submitted {}: all is paid, once: {order}", statuses[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_submit_and_what() {
    let (service, reference, token) = start().await;
    let submit = |body: Value| {
        let service = &service;
        async move { service.post("submit_payment", &body).await }
    };
    for (body, field) in [
        (json!({}), "confirmation_token"),
        (json!({ "reference_code": reference, "amount": 5 }), "reference code alone"),
        (json!({ "customer_email": "john@example.com" }), "reference_code"),
        (json!({ "confirmation_token": token, "amount": 0 }), "amount"),
        (json!({ "confirmation_token": token, "amount": -1 }), "amount"),
        (json!({ "confirmation_token": token, "amount": 1.999 }), "amount"),
        (json!({ "confirmation_token": token, "customer_note": "x".repeat(5_001) }), "customer_note"),
    ] {
        let error = submit(body.clone()).await.error(422);
        assert!(error.contains(field), "{body}: {error}");
    }
    let missing = [
        json!({ "confirmation_token": "forged", "reference_code": reference, "customer_email": "john@example.com" }),
        json!({ "reference_code": reference, "customer_email": "jane@example.com" }),
        json!({ "reference_code": "WO-2026-09999", "customer_email": "john@example.com" }),
        json!({ "reference_code": "WO-1999-00042", "customer_email": "john@example.com" }),
    ];
    for body in missing {
        assert_eq!(submit(body).await.error(404), "Work order not found.");
    }
    submit(json!({ "confirmation_token": null, "reference_code": reference, "customer_email": "john@example.com", "customer_note": "" }))
        .await
        .data();
    submit(json!({ "confirmation_token": token })).await.error(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn instructions_are_asked_for_only_while_payment_is_awaited() {
    let (service, reference, token) = start().await;
    let body = json!({ "work_order_id": 42, "confirm_url": "https://store.example/checkout/order-received/1005/?key=wc_order_k1005" });
    assert_eq!(
        service.post("send_payment_instructions", &body).await.data(),
        json!({ "sent": false, "reference_code": reference })
    );
    let stored = service.stored(&reference).await;
    assert_eq!(stored.history()[1].note.as_deref(), Some("payment instructions were asked for"));
    service.post("send_payment_instructions", &with(&body, json!({ "work_order_id": 99 }))).await.error(404);
    service.post("send_payment_instructions", &without(&body, "work_order_id")).await.error(422);
    service.post("submit_payment", &json!({ "confirmation_token": token })).await.data();
    service.post("send_payment_instructions", &body).await.error(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_follow_the_table_of_states() {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = TestService::with(Setup { clock: Some(clock), background: false, ..Setup::default() }).await;
    let worker = service.local.functions.context();
    let make = |shop_order: &'static str, status: &'static str| {
        let service = &service;
        async move {
            let created =
                service.created(&with(&waiting(), json!({ "wc_order_id": shop_order, "status": status }))).await;
            service.stored(created["reference_code"].as_str().unwrap()).await
        }
    };
    for (shop_order, status) in [("1", "pending"), ("2", "pending_payment"), ("3", "payment_submitted")] {
        let order = make(shop_order, status).await;
        let canceled = operator::cancel(worker, "test", order.clone(), "asked to").await.unwrap();
        assert_eq!(canceled.status().as_str(), "canceled");
        assert!(operator::approve(worker, "test", order).await.is_err(), "the stale copy is read again");
    }
    let order = make("4", "payment_submitted").await;
    assert!(operator::partial(worker, "test", order.clone(), usd("20.98")).await.is_err(), "that leaves nothing due");
    let partial = operator::partial(worker, "test", order.clone(), usd("7.5")).await.unwrap();
    assert_eq!((partial.prev_paid(), partial.status().as_str()), (usd("7.5"), "pending_payment"));
    let two = [
        operator::approve(worker, "one", partial.clone()).await.is_ok(),
        operator::approve(worker, "two", partial).await.is_ok(),
    ];
    assert_eq!(two, [true, false], "one success, one told");
    service.drain().await;
    let done = service.stored(&order.reference().to_string()).await;
    assert_eq!((done.status().as_str(), done.prev_paid()), ("completed", usd("20.98")));
    assert!(operator::retry(worker, "test", done.clone()).await.is_err());
    assert!(operator::cancel(worker, "test", done, "too late").await.is_err());
    for (shop_order, status) in [("5", "completed"), ("6", "canceled"), ("7", "payment_failed")] {
        let order = make(shop_order, status).await;
        assert!(operator::approve(worker, "test", order).await.is_err(), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_payment_outlives_a_submission_without_one() {
    let (service, reference, token) = start().await;
    let worker = service.local.functions.context();
    let submit = |body: Value| {
        let service = &service;
        async move { service.post("submit_payment", &body).await.data() }
    };
    submit(json!({ "confirmation_token": token, "payment_transaction_id": "V1", "amount": 5 })).await;
    operator::partial(worker, "test", service.stored(&reference).await, usd("5")).await.unwrap();
    submit(json!({ "confirmation_token": token, "customer_note": "sent the rest by post" })).await;
    operator::partial(worker, "test", service.stored(&reference).await, usd("4")).await.unwrap();
    let order = service.order(&reference, "john@example.com").await;
    assert_eq!((&order["prev_paid"], &order["payment_history"][0]["transaction_id"]), (&json!(9), &json!("V1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_submission_is_replayed_as_one() {
    let service = TestService::start().await;
    let reply = service.post("complete_order", &paid_cart("1001")).await.data();
    let as_paid = json!({
        "reference_code": reply["reference_code"], "customer_email": "john@example.com",
        "payment_transaction_id": "pi_1001", "amount": 9.99,
    });
    service.post("submit_payment", &as_paid).await.error(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_by_token_that_comes_again_later_is_not_counted_twice() {
    let (service, reference, token) = start().await;
    let pay = |transaction: &'static str, amount: f64| {
        let body =
            json!({ "confirmation_token": token, "payment_transaction_id": transaction, "payment_amount": amount });
        let service = &service;
        async move { service.post("complete_order", &body).await.status }
    };
    assert_eq!([pay("A", 5.0).await, pay("B", 3.0).await, pay("A", 5.0).await], [422, 422, 422]);
    assert_eq!(service.order(&reference, "john@example.com").await["prev_paid"], 8);
    assert_eq!(pay("C", 12.98).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_an_operator_set_right_is_not_counted_again() {
    let (service, reference, token) = start().await;
    let submit = json!({ "confirmation_token": token, "payment_transaction_id": "V1", "amount": 5 });
    service.post("submit_payment", &submit).await.data();
    let worker = service.local.functions.context();
    operator::partial(worker, "test", service.stored(&reference).await, usd("3")).await.unwrap();
    // The client was not answered, and sends what it said once more; so does the shop, by another action.
    assert_eq!(service.post("submit_payment", &submit).await.data()["amount_paid"], 3);
    let by_token = json!({ "confirmation_token": token, "payment_transaction_id": "V1", "payment_amount": 5 });
    assert!(service.post("complete_order", &by_token).await.error(422).contains("$17.98"));
    let order = service.order(&reference, "john@example.com").await;
    assert_eq!((order["payment_history"].as_array().unwrap().len(), &order["prev_paid"]), (1, &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_was_cut_off_is_finished_by_the_next() {
    use support::faults::Fault;
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = TestService::by_hand(&clock).await;
    let worker = service.local.functions.context();
    // A failed order with a line: its other line can never be made.
    let cart = with(
        &paid_cart("1"),
        json!({ "payment_amount": null, "items": [
            { "product_id": 1, "intent": "new_activation" }, { "product_id": 1, "intent": "renewal", "activation_id": 321 },
        ] }),
    );
    let reply = service.post("complete_order", &cart).await.data();
    let key = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.into());
    let delete = service.local.aws.dynamodb().delete_item().table_name(local::store::TABLE);
    delete.key("pk", key("line#321")).key("sk", key("line")).send().await.unwrap();
    service.drain().await;
    let order = service.stored(reply["reference_code"].as_str().unwrap()).await;
    assert_eq!(order.status().as_str(), "failed");
    service.http.plan(|call| if call.item == "line" { Fault::Before } else { Fault::None });
    assert!(operator::cancel(worker, "test", order.clone(), "asked to").await.is_err());
    service.http.heal();
    operator::cancel(worker, "test", order, "asked to").await.unwrap();
    assert_eq!(support::service::text(&service.line(4201).await.unwrap(), "status"), "suspended");
}
