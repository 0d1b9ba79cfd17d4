//! From the queue to endpoints.

use super::*;

/// Makes every event of the queue receivable at once.
async fn pass_time(service: &TestService, receipts: Vec<String>) {
    for receipt in receipts {
        let call = service.local.aws.sqs().change_message_visibility().queue_url(&service.local.events_url);
        // One that was delivered is gone.
        let _gone = call.receipt_handle(receipt).visibility_timeout(0).send().await;
    }
}

/// One attempt at every event of the queue; for how long the failed ones were hidden.
async fn attempt(service: &TestService) -> Vec<u64> {
    service.http.take_calls();
    let messages = service.receive(&service.local.events_url).await;
    let receipts = messages.iter().filter_map(|message| message.receipt_handle.clone()).collect();
    service.local.event_poller().deliver(messages).await;
    pass_time(service, receipts).await;
    let calls = service.http.take_calls();
    calls.iter().filter(|call| call.operation == "ChangeMessageVisibility").filter_map(|call| call.seconds).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_endpoint_is_tried_by_the_schedule_and_then_no_more() {
    let (clock, service) = by_hand().await;
    let receiver = Receiver::start("dead", &[], Answer::Status(500)).await;
    add(&service, &receiver.endpoint).await;
    service.post("complete_order", &paid_cart("1001")).await.data();
    service.publish().await;
    let mut hidden = Vec::new();
    for _ in 0..6 {
        let waits = attempt(&service).await;
        clock.advance(i64::try_from(waits[0]).unwrap());
        hidden.extend(waits);
    }
    assert_eq!(hidden, [5, 30, 120, 600, 3_600, 0]);
    assert!(attempt(&service).await.is_empty(), "it is in the dead letters");
    let dead = peek(&service, &service.local.events_dead_letter_url).await;
    assert_eq!(dead.len(), 1);

    let told = receiver.told();
    assert_eq!(told.len(), 6);
    let (first, last) = (&told[0], &told[5]);
    assert!(told.iter().all(|told| told.id() == first.id() && told.body == first.body), "repeats are the same");
    let times: Vec<i64> = told.iter().map(|told| told.header("webhook-timestamp").parse().unwrap()).collect();
    assert_eq!(times.iter().map(|time| time - times[0]).collect::<Vec<_>>(), [0, 5, 35, 155, 755, 4_355]);
    assert_ne!(first.header("webhook-signature"), last.header("webhook-signature"), "each attempt is signed anew");
    assert_eq!(outgoing(&dead[0]).body.as_bytes(), first.body);
    assert!(!dead[0].contains(&receiver.endpoint.secret.0) && !dead[0].contains("secret-in-the-url"));

    // Redriven once the endpoint is well again.
    receiver.answers(Answer::Status(200));
    let attributes = service.local.aws.sqs().get_queue_attributes().queue_url(&service.local.events_dead_letter_url);
    let name = aws_sdk_sqs::types::QueueAttributeName::QueueArn;
    let arn = attributes.attribute_names(name.clone()).send().await.unwrap().attributes.unwrap().remove(&name).unwrap();
    service.local.aws.sqs().start_message_move_task().source_arn(arn).send().await.unwrap();
    for _ in 0..100 {
        attempt(&service).await;
        if receiver.told().len() == 7 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((receiver.told().len(), &receiver.told()[6].id()), (7, &first.id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_answer_of_2xx_is_one() {
    for (answer, taken) in [
        (Answer::Status(200), true),
        (Answer::Status(202), true),
        (Answer::Status(204), true),
        (Answer::Status(304), false),
        (Answer::Status(400), false),
        (Answer::Status(410), false),
        (Answer::Status(429), false),
        (Answer::Status(503), false),
        (Answer::Redirect, false),
    ] {
        let (_, service) = by_hand().await;
        let receiver = Receiver::start("one", &[], answer).await;
        add(&service, &receiver.endpoint).await;
        service.post("complete_order", &paid_cart("1001")).await.data();
        service.publish().await;
        let hidden = attempt(&service).await;
        assert_eq!(hidden.is_empty(), taken, "{answer:?}");
        assert_eq!(receiver.told().len(), 1, "{answer:?}: asked once, and no redirect followed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_endpoint_delays_neither_orders_nor_others() {
    const ORDERS: usize = 60;
    let service = TestService::start().await;
    let hanging = Receiver::start("hanging", &[], Answer::Never).await;
    let well = Receiver::start("well", &[], Answer::Status(200)).await;
    add(&service, &hanging.endpoint).await;
    add(&service, &well.endpoint).await;
    let mut references = Vec::new();
    for number in 0..ORDERS {
        let reply = service.post("complete_order", &paid_cart(&format!("{number}"))).await.data();
        references.push(reply["reference_code"].as_str().unwrap().to_owned());
    }
    for reference in &references {
        service.becomes(reference, "completed").await;
    }
    // 120 events for each. Without a fair queue, of ten events that are posted at once ever more would hang for 5 seconds each:
    // for a minute in all.
    well.has(2 * ORDERS).await;
    assert!(!hanging.told().is_empty(), "it was tried");
    assert!(well.events().values().all(|(_, times)| *times == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_removed_endpoint_are_dropped() {
    let (clock, service) = by_hand().await;
    let receiver = Receiver::start("gone", &[], Answer::Status(500)).await;
    add(&service, &receiver.endpoint).await;
    service.post("complete_order", &paid_cart("1001")).await.data();
    service.publish().await;
    assert_eq!(attempt(&service).await, [5]);
    assert!(service.local.store.remove_endpoint(&receiver.endpoint.id).await.unwrap());
    assert!(!service.local.store.remove_endpoint(&receiver.endpoint.id).await.unwrap());
    // What an environment remembers of endpoints is at most five seconds old.
    clock.advance(5);
    assert!(attempt(&service).await.is_empty());
    assert_eq!(receiver.told().len(), 1);
    assert!(service.receive(&service.local.events_url).await.is_empty());
    assert!(peek(&service, &service.local.events_dead_letter_url).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_holds_no_event_ends_in_the_dead_letters() {
    let (_, service) = by_hand().await;
    let send = service.local.aws.sqs().send_message().queue_url(&service.local.events_url);
    send.message_body("no event").send().await.unwrap();
    for _ in 0..7 {
        attempt(&service).await;
    }
    assert_eq!(peek(&service, &service.local.events_dead_letter_url).await, ["no event"]);
}
