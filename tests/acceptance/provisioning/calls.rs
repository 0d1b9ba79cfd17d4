//! How many AWS calls an action makes, and in how many steps.

use serde_json::json;
use support::{
    clock::TestClock,
    service::{TestService, paid_cart, with},
};

async fn service() -> TestService {
    TestService::by_hand(&TestClock::at("2026-11-23 12:00:00")).await
}

fn names(service: &TestService) -> Vec<String> {
    let mut names: Vec<String> = service.http.take_calls().iter().map(support::faults::Call::name).collect();
    names.sort();
    names
}

/// Key and catalogue remembered, and numbers in hand.
async fn warm(service: &TestService) {
    for number in 0..6 {
        service.post("complete_order", &paid_cart(&format!("warm{number}"))).await.data();
    }
    service.drain().await;
    service.http.take_calls();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_complete_order_makes_three_calls_in_two_steps() {
    let service = service().await;
    warm(&service).await;
    service.post("complete_order", &paid_cart("1001")).await.data();
    let calls = service.http.take_calls();
    assert_eq!(calls[0].name(), "PutItem order", "first the order, alone");
    let mut then: Vec<String> = calls[1..].iter().map(support::faults::Call::name).collect();
    then.sort();
    assert_eq!(then, ["PutItem number", "SendMessage"], "then pointer and message at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn pointer_and_message_do_not_wait_for_each_other() {
    use support::faults::Fault;
    let service = service().await;
    warm(&service).await;
    service.http.plan(|call| if call.item == "number" { Fault::Before } else { Fault::None });
    service.post("complete_order", &paid_cart("1001")).await.error(503);
    assert!(names(&service).contains(&"SendMessage".to_owned()), "sent though the pointer failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cold_complete_order_adds_one_read_and_one_lease() {
    let service = service().await;
    service.post("complete_order", &paid_cart("1001")).await.data();
    assert_eq!(
        names(&service),
        ["BatchGetItem", "PutItem number", "PutItem order", "SendMessage", "UpdateItem sequence"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_adds_the_read_of_its_line() {
    let service = service().await;
    warm(&service).await;
    let items = json!([{ "product_id": 1, "intent": "renewal", "activation_id": 321 }]);
    service.post("complete_order", &with(&paid_cart("1001"), json!({ "items": items }))).await.data();
    assert_eq!(names(&service), ["BatchGetItem", "PutItem number", "PutItem order", "SendMessage"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn get_work_order_makes_one_call_by_token_and_two_by_email() {
    let service = service().await;
    warm(&service).await;
    let cart = with(&paid_cart("1001"), json!({ "status": "pending" }));
    let created = service.post("create_work_order", &cart).await.data();
    service.http.take_calls();
    let (reference, token) =
        (created["reference_code"].as_str().unwrap(), created["confirmation_token"].as_str().unwrap());
    service.get("get_work_order", &format!("ref={reference}&token={token}")).await.data();
    assert_eq!(names(&service), ["GetItem order"]);
    service.get("get_work_order", &format!("ref={reference}&email=john@example.com")).await.data();
    assert_eq!(names(&service), ["GetItem number", "GetItem order"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_an_order_that_is_not_there_costs_the_same() {
    let service = service().await;
    warm(&service).await;
    let mut answers = Vec::new();
    for query in [
        "ref=WO-2026-99999&email=john@example.com",
        "ref=WO-2026-00042&email=jane@example.com",
        "ref=WO-1999-00042&email=john@example.com",
        "ref=nonsense&email=john@example.com",
    ] {
        answers.push(service.get("get_work_order", query).await.text);
        assert_eq!(names(&service), ["GetItem number", "GetItem order"], "{query}");
    }
    for query in ["ref=WO-2026-99999&token=forged", "ref=WO-2026-00042&token=forged"] {
        answers.push(service.get("get_work_order", query).await.text);
        assert_eq!(names(&service), [""; 0], "{query}: a forgery is refused without a read");
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_ten_single_line_orders_makes_21_calls() {
    let service = service().await;
    for number in 0..10 {
        service.post("complete_order", &paid_cart(&number.to_string())).await.data();
    }
    let batch = service.receive(&service.local.queue_url).await;
    assert_eq!(batch.len(), 10);
    service.http.take_calls();
    service.local.poller().deliver(batch).await;
    let names = names(&service);
    assert_eq!(names.iter().filter(|name| *name == "BatchGetItem").count(), 1);
    assert_eq!(names.iter().filter(|name| *name == "PutItem line").count(), 10);
    assert_eq!(names.iter().filter(|name| *name == "PutItem order").count(), 10);
    assert_eq!(names.len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_key_costs_no_call() {
    let service = service().await;
    let answer = service.send("POST", "/api/complete_order", &[], paid_cart("1").to_string()).await;
    assert_eq!((answer.status, names(&service).len()), (401, 0));
}
