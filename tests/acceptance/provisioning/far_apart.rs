//! What a queue, an index and the environments of a function do that one process does not: messages twice and out of order,
//! batches done in part, an index that lags, clocks that differ by minutes.

use std::sync::Arc;

use futures_util::future::join_all;
use local::poller::Poller;
use serde_json::json;
use shared::{aws::clients::Aws, use_case::context::Context};
use support::{
    clock::TestClock,
    faults::Fault,
    service::{TestService, paid_cart, text, with},
};

async fn start() -> (TestClock, TestService) {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = TestService::by_hand(&clock).await;
    (clock, service)
}

/// Orders that renew one line, a month each.
async fn renewals(service: &TestService, count: usize) {
    let items = json!([{ "product_id": 1, "intent": "renewal", "activation_id": 321 }]);
    for order in 0..count {
        let cart = with(&paid_cart(&order.to_string()), json!({ "items": items, "payment_amount": null }));
        service.post("complete_order", &cart).await.data();
    }
}

/// A poller whose own calls can meet faults, too.
fn faulty_poller(service: &TestService) -> Poller {
    let aws = Aws { http: service.http.shared(), ..service.local.aws.clone() };
    Poller { client: aws.sqs(), ..service.local.poller() }
}

async fn assert_renewed(service: &TestService, until: &str, times: usize) {
    let line = service.line(321).await.unwrap();
    assert_eq!(text(&line, "expires_at"), until);
    assert_eq!(line["applied"].as_l().unwrap().len(), times);
    let orders = service.items_of("order").await;
    assert!(orders.iter().all(|order| text(order, "status") == "completed" && !order.contains_key("open_key")));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_twice_and_out_of_order() {
    let (_, service) = start().await;
    renewals(&service, 4).await;
    let messages = service.receive(&service.local.queue_url).await;
    assert_eq!(messages.len(), 4);
    let mut copies = [messages.clone(), messages].concat();
    copies.reverse();
    let service = Arc::new(service);
    // Each alone, at once, and the same ones in one batch besides.
    let batch = copies.clone();
    let alone = copies.into_iter().map(|message| vec![message]).chain([batch]);
    let deliveries = alone.map(|messages| {
        let poller = service.local.poller();
        tokio::spawn(async move { poller.deliver(messages).await })
    });
    join_all(deliveries).await.into_iter().for_each(Result::unwrap);
    service.drain().await;
    assert_renewed(&service, "2027-04-01T00:00:00Z", 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_a_batch_did_not_delete_come_again_and_do_nothing() {
    let (_, service) = start().await;
    renewals(&service, 3).await;
    service.http.plan(|call| if call.operation == "DeleteMessageBatch" { Fault::Partial } else { Fault::None });
    let messages = service.receive(&service.local.queue_url).await;
    faulty_poller(&service).deliver(messages.clone()).await;
    service.http.heal();
    service.local.poller().deliver(messages).await;
    assert_renewed(&service, "2027-03-01T00:00:00Z", 3).await;
    assert!(service.receive(&service.local.queue_url).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_a_batch_left_unprocessed_are_asked_for_again() {
    let (_, service) = start().await;
    let mut first = 2;
    service.http.plan(move |call| {
        let left = call.operation == "BatchGetItem" && first > 0;
        first -= i32::from(left);
        if left { Fault::Partial } else { Fault::None }
    });
    renewals(&service, 1).await;
    service.http.plan(|call| if call.operation == "BatchGetItem" { Fault::Partial } else { Fault::None });
    let messages = service.receive(&service.local.queue_url).await;
    service.local.poller().deliver(messages).await;
    assert_eq!(text(&service.items_of("order").await[0], "status"), "queued", "it cannot be read, and is not lost");
    service.http.heal();
    service.drain().await;
    let order = service.items_of("order").await.remove(0);
    // It was postponed: its message shows again after the back-off, or the sweep sends another.
    if text(&order, "status") == "queued" {
        tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
        service.drain().await;
    }
    assert_renewed(&service, "2027-01-01T00:00:00Z", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_lags_makes_the_sweep_do_nothing_wrong() {
    let (clock, service) = start().await;
    renewals(&service, 1).await;
    // It shows nothing yet: the order waits for the next minute.
    clock.advance(60);
    service.http.plan(|call| if call.operation == "Query" { Fault::Stale } else { Fault::None });
    service.messages_sent();
    service.local.functions.sweep().await.unwrap();
    assert_eq!(service.messages_sent(), 0);
    service.http.heal();
    service.local.functions.sweep().await.unwrap();
    assert_eq!(service.messages_sent(), 1);
    service.drain().await;
    let before = service.items().await;
    // It still shows the order as queued: nothing is sent and nothing is written.
    service.http.plan(|call| if call.operation == "Query" { Fault::Stale } else { Fault::None });
    clock.advance(3_600);
    service.local.functions.sweep().await.unwrap();
    assert_eq!(service.messages_sent(), 0);
    assert_eq!(service.items().await, before);
    assert_renewed(&service, "2027-01-01T00:00:00Z", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_differ_by_minutes_change_nothing_that_was_bought() {
    for skew in [-240, 240] {
        let (clock, service) = start().await;
        renewals(&service, 1).await;
        service.post("complete_order", &paid_cart("new")).await.data();
        // Another environment sweeps and provisions, by its own clock.
        let other = clock.another();
        other.advance(skew);
        let worker = Context { clock: Arc::new(other.clone()), ..service.local.functions.context().clone() };
        sweep_and_deliver(&service, &worker).await;
        clock.advance(60);
        other.advance(60);
        sweep_and_deliver(&service, &worker).await;
        assert_renewed(&service, "2027-01-01T00:00:00Z", 1).await;
        for line in service.items_of("line").await.iter().filter(|line| text(line, "pk").len() > "line#321".len()) {
            assert_eq!(text(line, "starts_at"), "2026-11-23T12:00:00Z", "as the order was queued");
            assert_eq!(text(line, "expires_at"), "2026-12-23T12:00:00Z");
        }
        for order in service.items_of("order").await {
            assert!(text(&order, "updated_at") >= text(&order, "created_at"), "it does not go back in time");
        }
    }
}

async fn sweep_and_deliver(
    service: &TestService,
    worker: &Context<shared::aws::dynamodb::DynamoDb, shared::aws::sqs::Sqs>,
) {
    use shared::use_case::provisioning::{provision, sweep};
    sweep::sweep(worker).await.unwrap();
    let deliveries =
        service.receive(&service.local.queue_url).await.into_iter().map(|message| shared::ports::QueueMessage {
            body: message.body.as_deref().and_then(shared::aws::sqs::from_body),
            message_id: message.message_id.unwrap(),
            receipt: message.receipt_handle.unwrap(),
            count: 1,
        });
    let enough = || std::time::Duration::from_secs(30);
    let batch = provision::provision(worker, &shared::ports::NoProvisioner, deliveries.collect(), &enough).await;
    assert!(batch.again.is_empty(), "{batch:?}");
}
