//! Provisioning: effects, faults told apart, one poisoned message beside good ones, dead letters.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use serde_json::{Value, json};
use support::{
    clock::TestClock,
    faults::Fault,
    service::{TestService, paid_cart, text, with},
};

async fn start() -> TestService {
    TestService::by_hand(&TestClock::at("2026-11-23 12:00:00")).await
}

fn items(wc_order_id: &str, items: &Value) -> Value {
    with(&paid_cart(wc_order_id), json!({ "items": items, "payment_amount": null }))
}

async fn complete(service: &TestService, cart: &Value) -> String {
    service.post("complete_order", cart).await.data()["reference_code"].as_str().unwrap().to_owned()
}

async fn stored_order(service: &TestService, reference: &str) -> support::service::Item {
    let number: u64 = reference.rsplit('-').next().unwrap().parse().unwrap();
    let orders = service.items_of("order").await;
    orders.into_iter().find(|order| order["number"].as_n().unwrap() == &number.to_string()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_line_has_all_that_was_bought() {
    let service = start().await;
    let cart = with(
        &items("1", &json!([{ "product_id": 2, "intent": "new_activation" }])),
        json!({ "bouquet_ids": [3, 1], "categories": ["live"], "customer_name": "John" }),
    );
    complete(&service, &cart).await;
    service.drain().await;
    let line = service.line(4201).await.unwrap();
    assert_eq!(text(&line, "customer_email"), "john@example.com");
    assert_eq!(text(&line, "username"), "line4201");
    assert_eq!(text(&line, "password").len(), 16);
    assert_eq!(text(&line, "status"), "active");
    assert_eq!(text(&line, "starts_at"), "2026-11-23T12:00:00Z");
    assert_eq!(text(&line, "expires_at"), "2027-02-23T12:00:00Z");
    assert_eq!(line["connections"].as_n().unwrap(), "2");
    assert_eq!(line["product_id"].as_n().unwrap(), "2");
    assert_eq!(line["is_trial"].as_bool().unwrap(), &false);
    let bouquets: Vec<&String> = line["bouquet_ids"].as_l().unwrap().iter().map(|id| id.as_n().unwrap()).collect();
    assert_eq!(bouquets, ["3", "1"]);
    assert_eq!(line["categories"].as_l().unwrap()[0].as_s().unwrap(), "live");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_orders_at_once_keep_every_paid_month_of_a_line() {
    let service = Arc::new(start().await);
    for (order, item) in [
        ("1", json!({ "product_id": 1, "intent": "renewal", "activation_id": 45 })),
        ("2", json!({ "product_id": 1, "intent": "renewal", "activation_id": 45, "qty": 2 })),
        ("3", json!({ "product_id": 2, "intent": "trial_upgrade", "activation_id": 45 })),
    ] {
        complete(&service, &items(order, &json!([item]))).await;
    }
    let messages = service.receive(&service.local.queue_url).await;
    assert_eq!(messages.len(), 3);
    let consumers = messages.into_iter().map(|message| {
        let service = service.clone();
        tokio::spawn(async move { service.local.poller().deliver(vec![message]).await })
    });
    join_all(consumers).await.into_iter().for_each(Result::unwrap);
    let line = service.line(45).await.unwrap();
    // 1 + 2 + 3 months: on top of the trial's rest (to 1 December) or from now, as the orders happened to come.
    let expires = text(&line, "expires_at");
    assert!(["2027-05-23T12:00:00Z", "2027-06-01T00:00:00Z"].contains(&expires.as_str()), "{expires}");
    assert_eq!(line["applied"].as_l().unwrap().len(), 3);
    assert_eq!(line["is_trial"].as_bool().unwrap(), &false);
    assert_eq!(line["connections"].as_n().unwrap(), "2", "the upgrade's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_gone_fails_its_order_with_the_reason_and_the_rest_is_delivered() {
    let service = start().await;
    let cart = items(
        "1",
        &json!([
            { "product_id": 1, "intent": "renewal", "activation_id": 321 },
            { "product_id": 1, "intent": "new_activation" },
        ]),
    );
    let reference = complete(&service, &cart).await;
    let client = service.local.aws.dynamodb();
    let delete = client.delete_item().table_name(local::store::TABLE);
    let delete = delete.key("pk", AttributeValue::S("line#321".into())).key("sk", AttributeValue::S("line".into()));
    delete.send().await.unwrap();
    service.drain().await;
    let order = stored_order(&service, &reference).await;
    assert_eq!(text(&order, "status"), "failed");
    assert_eq!(text(&order, "failure"), "line 321 does not exist");
    assert_eq!(service.order(&reference, "john@example.com").await["status"], "pending");
    assert!(service.line(4201).await.is_some(), "what can be done is done");
    assert!(service.receive(&service.local.queue_url).await.is_empty(), "a permanent fault is not retried");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_line_is_never_touched() {
    let service = start().await;
    let reference = complete(&service, &paid_cart("1")).await;
    let client = service.local.aws.dynamodb();
    let mut theirs = service.line(321).await.unwrap();
    theirs.insert("pk".into(), AttributeValue::S("line#4201".into()));
    theirs.insert("id".into(), AttributeValue::N("4201".into()));
    client.put_item().table_name(local::store::TABLE).set_item(Some(theirs.clone())).send().await.unwrap();
    service.drain().await;
    assert_eq!(service.line(4201).await.unwrap(), theirs);
    assert_eq!(text(&stored_order(&service, &reference).await, "status"), "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_message_harms_no_other() {
    let service = start().await;
    let client = service.local.aws.sqs();
    let send = |body: &str| client.send_message().queue_url(&service.local.queue_url).message_body(body).send();
    send("not JSON").await.unwrap();
    send(r#"{"order":"00000000-0000-4000-8000-000000000000","number":7}"#).await.unwrap();
    let good = complete(&service, &paid_cart("1")).await;
    let broken = complete(&service, &paid_cart("2")).await;
    let key = text(&stored_order(&service, &broken).await, "pk");
    service.set(&key, "order", "cart", AttributeValue::S("unreadable".into())).await;
    let last = complete(&service, &paid_cart("3")).await;
    let batch = service.receive(&service.local.queue_url).await;
    assert_eq!(batch.len(), 5);
    service.local.poller().deliver(batch).await;
    for reference in [&good, &last] {
        assert_eq!(service.order(reference, "john@example.com").await["status"], "completed");
    }
    let counts = client.get_queue_attributes().queue_url(&service.local.queue_url);
    let counts = counts.attribute_names(aws_sdk_sqs::types::QueueAttributeName::All).send().await.unwrap();
    let hidden =
        &counts.attributes.unwrap()[&aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessagesNotVisible];
    assert_eq!(hidden, "3", "the three are delivered again, the two are done");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_ten_deliveries_the_order_is_failed_and_its_message_rests() {
    let service = start().await;
    let reference = complete(&service, &paid_cart("1")).await;
    service.http.plan(|call| if call.item == "line" { Fault::Throttled } else { Fault::None });
    service.drain().await;
    service.http.heal();
    let order = stored_order(&service, &reference).await;
    assert_eq!(text(&order, "status"), "failed");
    assert!(text(&order, "failure").contains("gave up after 10 deliveries"), "{}", text(&order, "failure"));
    assert_eq!(service.receive(&service.local.dead_letter_url).await.len(), 1);
    assert!(service.line(4201).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn back_off_grows_with_each_delivery() {
    let service = start().await;
    complete(&service, &paid_cart("1")).await;
    service.http.plan(|call| if call.item == "line" { Fault::Throttled } else { Fault::None });
    let message = service.receive(&service.local.queue_url).await.remove(0);
    service.local.poller().deliver(vec![message]).await;
    assert!(service.receive(&service.local.queue_url).await.is_empty(), "not at once");
    service.http.heal();
    let order = service.items_of("order").await.remove(0);
    assert_eq!(text(&order, "next_attempt_at"), "2026-11-23T12:00:02Z");
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    let message = service.receive(&service.local.queue_url).await.remove(0);
    service.local.poller().deliver(vec![message]).await;
    assert!(service.line(4201).await.is_some(), "2 seconds later");
}

// One thread is held up while the operator writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_order_canceled_under_a_consumer_has_its_lines_suspended() {
    let service = Arc::new(start().await);
    complete(&service, &paid_cart("1")).await;
    let order = service.items_of("order").await.remove(0);
    // An operator cancels between the line and the consumer's last write: as the order was failed meanwhile.
    let (client, mut canceled) = (service.local.aws.dynamodb(), order);
    canceled.insert("status".into(), AttributeValue::S("canceled".into()));
    canceled.insert("version".into(), AttributeValue::N("3".into()));
    canceled.remove("open_key");
    let mut canceled = Some(canceled);
    let (sender, receiver) = std::sync::mpsc::channel();
    let (written, waiting) = std::sync::mpsc::channel();
    service.http.plan(move |call| {
        if call.name() == "PutItem order"
            && let Some(item) = canceled.take()
        {
            sender.send(item).unwrap();
            waiting.recv().unwrap();
        }
        Fault::None
    });
    let message = service.receive(&service.local.queue_url).await.remove(0);
    let consumer = {
        let service = service.clone();
        tokio::spawn(async move { service.local.poller().deliver(vec![message]).await })
    };
    let item = tokio::task::spawn_blocking(move || receiver.recv().unwrap()).await.unwrap();
    client.put_item().table_name(local::store::TABLE).set_item(Some(item)).send().await.unwrap();
    written.send(()).unwrap();
    consumer.await.unwrap();
    assert_eq!(text(&service.line(4201).await.unwrap(), "status"), "suspended");
    assert_eq!(text(&service.items_of("order").await[0], "status"), "canceled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_order_whose_lines_are_done_after_all_is_completed() {
    let service = start().await;
    let reference = complete(&service, &paid_cart("1")).await;
    let message = service.receive(&service.local.queue_url).await.remove(0);
    // The consumer has read the order when another gives it up.
    let key = text(&service.items_of("order").await[0], "pk");
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let mut first = true;
    service.http.plan(move |call| {
        if call.name() == "PutItem line" && std::mem::take(&mut first) {
            sender.send(()).unwrap();
            return Fault::Before;
        }
        Fault::None
    });
    let deliver = service.local.poller();
    let consumer = tokio::spawn(async move { deliver.deliver(vec![message]).await });
    tokio::task::spawn_blocking(move || receiver.recv().unwrap()).await.unwrap();
    service.set(&key, "order", "status", AttributeValue::S("failed".into())).await;
    service.set(&key, "order", "version", AttributeValue::N("2".into())).await;
    consumer.await.unwrap();
    assert_eq!(service.order(&reference, "john@example.com").await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_created_as_completed_is_never_provisioned() {
    let service = start().await;
    let cart = with(&paid_cart("1"), json!({ "status": "completed" }));
    let created = service.post("create_work_order", &cart).await.data();
    assert!(service.receive(&service.local.queue_url).await.is_empty());
    // Even if a message should name it.
    let order = service.items_of("order").await.remove(0);
    let body = json!({ "order": text(&order, "uuid"), "number": created["work_order_id"] }).to_string();
    let client = service.local.aws.sqs();
    client.send_message().queue_url(&service.local.queue_url).message_body(body).send().await.unwrap();
    service.drain().await;
    assert_eq!(service.items_of("line").await.len(), 2);
}
