//! From the table's stream to the queue.

use super::*;

/// Orders with all that is told of them when nothing goes wrong.
async fn orders(service: &TestService, count: usize) {
    for number in 0..count {
        service.post("complete_order", &paid_cart(&format!("{number}"))).await.data();
    }
    service.drain().await;
}

fn is_publishing(call: &Call) -> bool {
    call.operation == "SendMessageBatch" && call.target.ends_with("-events")
}

/// Each step of publishing fails once, before or after it took effect; what is told in the end has no gap, and a repeat has
/// the id of what it repeats.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_step_repeats_events_and_loses_none() {
    // 14 events: endpoints are read once, and two batches are sent.
    const ORDERS: usize = 7;
    for fault in [Fault::Before, Fault::After, Fault::Throttled, Fault::Broken] {
        for step in 0..3 {
            let (_, service) = by_hand().await;
            let receiver = Receiver::start("all", &[], Answer::Status(200)).await;
            add(&service, &receiver.endpoint).await;
            orders(&service, ORDERS).await;
            let (mut calls, mut left) = (0, 3);
            service.http.plan(move |call| {
                let mine = is_publishing(call) || call.operation == "Query";
                calls += usize::from(mine);
                if mine && calls > step && left > 0 {
                    left -= 1;
                    return fault;
                }
                Fault::None
            });
            let mut again = 0;
            loop {
                match service.local.stream.step().await {
                    Step::Idle => break,
                    Step::Worked => {}
                    Step::Again => again += 1,
                }
            }
            service.http.heal();
            service.deliver_events().await;
            let events = receiver.events();
            assert_eq!(events.len(), 2 * ORDERS, "{fault:?} at {step}");
            for (id, (told, _)) in &events {
                let copies: Vec<Told> = receiver.told().into_iter().filter(|copy| copy.id() == *id).collect();
                assert!(copies.iter().all(|copy| copy.body == told.body), "{fault:?} at {step}");
            }
            assert_eq!(again, 1, "{fault:?} at {step}");
            let repeats = receiver.told().len() - events.len();
            assert_eq!(repeats > 0, fault == Fault::After && step > 0, "{fault:?} at {step}: {repeats} repeats");
        }
    }
}

/// A batch of which SQS takes half, or nothing, and says so with a success: what it did not take is published again.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_batch_left_out_is_published_again() {
    const ORDERS: usize = 7;
    for fault in [Fault::Half, Fault::Partial] {
        let (_, service) = by_hand().await;
        let receiver = Receiver::start("all", &[], Answer::Status(200)).await;
        add(&service, &receiver.endpoint).await;
        orders(&service, ORDERS).await;
        let mut left = 1;
        service.http.plan(move |call| {
            if is_publishing(call) && left > 0 {
                left -= 1;
                return fault;
            }
            Fault::None
        });
        let mut again = 0;
        loop {
            match service.local.stream.step().await {
                Step::Idle => break,
                Step::Worked => {}
                Step::Again => again += 1,
            }
        }
        service.http.heal();
        service.deliver_events().await;
        let events = receiver.events();
        assert_eq!((events.len(), again), (2 * ORDERS, 1), "{fault:?}");
        let repeats = receiver.told().len() - events.len();
        assert_eq!(repeats > 0, fault == Fault::Half, "{fault:?}: {repeats} repeats");
    }
}

/// A consumer that dies after it has published and before its place is kept: all is published again from the place before.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_published_before_its_place_was_kept_is_published_again_the_same() {
    let (_, service) = by_hand().await;
    let receiver = Receiver::start("all", &[], Answer::Status(200)).await;
    add(&service, &receiver.endpoint).await;
    orders(&service, 3).await;
    service.publish().await;
    service.deliver_events().await;
    let first = receiver.events();
    assert_eq!(first.len(), 6);
    service.local.stream.go_back_to(None).await;
    service.publish().await;
    service.deliver_events().await;
    let both = receiver.events();
    assert!(both.values().all(|(_, times)| *times == 2));
    assert_eq!(both.keys().collect::<Vec<_>>(), first.keys().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_is_put_aside_and_holds_nobody_up() {
    let (_, service) = by_hand().await;
    let receiver = Receiver::start("all", &[], Answer::Status(200)).await;
    add(&service, &receiver.endpoint).await;
    orders(&service, 1).await;
    let poisoned = service.items_of("order").await.remove(0);
    let pk = text(&poisoned, "pk");
    service.set(&pk, "order", "cart", AttributeValue::S("john@example.com".into())).await;
    service.post("complete_order", &paid_cart("after")).await.data();
    service.publish().await;
    service.deliver_events().await;
    assert_eq!(receiver.events().len(), 3, "those before it and those after it");
    let aside = peek(&service, &service.local.unpublished_url).await;
    let aside: Vec<Value> = aside.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    assert_eq!((aside.len(), &aside[0]["pk"]), (1, &json!(pk)));
    assert_eq!(aside[0]["sequence_number"].as_str().unwrap().len(), 21);
    assert!(!aside[0].to_string().contains("john@"), "{}", aside[0]);
}

/// Whatever stands between the table and the queue: no order waits for it, and its events come when it is mended.
#[tokio::test(flavor = "multi_thread")]
async fn events_wait_while_they_cannot_be_queued_and_orders_do_not() {
    let service = TestService::with(Setup { cache_for: Duration::ZERO, ..Setup::default() }).await;
    let receiver = Receiver::start("all", &[], Answer::Status(200)).await;
    add(&service, &receiver.endpoint).await;
    service.http.plan(|call| if is_publishing(call) { Fault::Broken } else { Fault::None });
    let reply = service.post("complete_order", &paid_cart("1001")).await.data();
    service.becomes(reply["reference_code"].as_str().unwrap(), "completed").await;
    assert!(receiver.told().is_empty());
    service.http.heal();
    receiver.has(2).await;
}
