//! Dead letters of the events' queues: looked at, sent again as they were, and what could not be published.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::ports::WebhookEndpoints;
use support::{
    receiver::{Answer, Receiver},
    service::paid_cart,
};

use crate::program::Desk;

async fn put(desk: &Desk, url: &str, body: &str) {
    desk.service.local.aws.sqs().send_message().queue_url(url).message_body(body).send().await.unwrap();
}

/// An order whose events wait in the dead letters, one for each endpoint: its reference code.
async fn given_up(desk: &Desk, wc_order_id: &str) -> String {
    let local = &desk.service.local;
    let paid = desk.service.post("complete_order", &paid_cart(wc_order_id)).await.data();
    desk.service.publish().await;
    for message in desk.service.receive(&local.events_url).await {
        put(desk, &local.events_dead_letter_url, message.body.as_deref().unwrap()).await;
        let call = local.aws.sqs().delete_message().queue_url(&local.events_url);
        call.receipt_handle(message.receipt_handle.unwrap()).send().await.unwrap();
    }
    paid["reference_code"].as_str().unwrap().to_owned()
}

async fn letters(desk: &Desk, queue: &str) -> Vec<Value> {
    let listed = desk.json(&["dlq", "list", "--queue", queue]).await;
    assert_eq!(listed["queue"], queue);
    listed["letters"].as_array().unwrap().clone()
}

fn fates(report: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let letters = report["letters"].as_array().unwrap().iter();
    let mut fates: Vec<_> =
        letters.map(|it| (text(&it["reference"]), text(&it["endpoint"]), text(&it["fate"]))).collect();
    fates.sort();
    fates
}

async fn two_endpoints(desk: &Desk) -> (Receiver, Receiver) {
    let (well, gone) =
        (Receiver::start("well", &[], Answer::Status(200)).await, Receiver::start("gone", &[], Answer::Never).await);
    for receiver in [&well, &gone] {
        desk.service.local.store.add_endpoint(&receiver.endpoint).await.unwrap();
    }
    (well, gone)
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_sent_again_as_they_were() {
    let desk = Desk::idle().await;
    let local = &desk.service.local;
    assert_eq!(desk.ops(&["dlq", "list", "--queue", "events"]).await.done(), "There are no dead letters.\n");
    let (well, gone) = two_endpoints(&desk).await;
    let (first, second) = (given_up(&desk, "1").await, given_up(&desk, "2").await);
    put(&desk, &local.events_dead_letter_url, "no event: secret@example.com").await;
    let (well_id, gone_id) = (well.endpoint.id.0.as_str(), gone.endpoint.id.0.as_str());

    let listed = letters(&desk, "events").await;
    assert_eq!(listed.len(), 5, "{listed:?}");
    assert_eq!(letters(&desk, "events").await.len(), 5, "looking takes nothing away");
    let shown = desk.ops(&["dlq", "list", "--queue", "events"]).await.done();
    for part in [well_id, gone_id, "order.queued", first.as_str(), second.as_str(), "unreadable", "evt_"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for private in ["secret", "whsec_", "balance_due", "@"] {
        assert!(!shown.contains(private) && !json!(listed).to_string().contains(private), "{private}: {shown}");
    }

    // One endpoint and one order first; what is left is to be seen at once.
    let one = desk.json(&["dlq", "redrive", "--queue", "events", "--endpoint", well_id, &first]).await;
    assert_eq!(fates(&one), [(first.clone(), well_id.to_owned(), "sent_again".to_owned())]);
    assert_eq!(letters(&desk, "events").await.len(), 4);
    desk.service.deliver_events().await;
    let told = well.told();
    assert_eq!(told.len(), 1);
    let id = listed.iter().find(|it| it["endpoint"] == well_id && it["reference"] == *first).unwrap()["event"].clone();
    assert_eq!((json!(told[0].id()), told[0].json()["data"]["reference_code"].as_str()), (id, Some(first.as_str())));

    // The other endpoint is gone meanwhile.
    assert!(local.store.remove_endpoint(&gone.endpoint.id).await.unwrap());
    let ended = desk.ops(&["dlq", "redrive", "--queue", "events", "--json"]).await;
    assert_eq!((ended.code, ended.err.as_str()), (1, ""), "one cannot be read: {ended:?}");
    let mut wanted = vec![
        (first.clone(), gone_id.to_owned(), "needless".to_owned()),
        (second.clone(), gone_id.to_owned(), "needless".to_owned()),
        (second.clone(), well_id.to_owned(), "sent_again".to_owned()),
        ("-".to_owned(), "-".to_owned(), "kept".to_owned()),
    ];
    wanted.sort();
    assert_eq!(fates(&ended.json()), wanted);
    desk.service.deliver_events().await;
    let ids: BTreeSet<String> = well.told().iter().map(support::receiver::Told::id).collect();
    assert_eq!((ids.len(), well.told().len(), gone.told().len()), (2, 2, 0));

    assert_eq!(letters(&desk, "events").await.len(), 1);
    let unasked = desk.ops(&["dlq", "redrive", "--queue", "events", "--discard"]).await.sentence(2);
    assert!(unasked.contains("--yes"), "{unasked}");
    let discarded = desk.ops(&["dlq", "redrive", "--queue", "events", "--discard", "--yes"]).await.done();
    assert!(discarded.contains("1 discarded."), "{discarded}");
    assert!(letters(&desk, "events").await.is_empty());
}

/// Cut off after it was sent and before it was deleted, an event is sent twice, and is one to whoever gets it.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_cut_off_is_made_again() {
    let desk = Desk::idle().await;
    let local = &desk.service.local;
    let (well, _gone) = two_endpoints(&desk).await;
    given_up(&desk, "1").await;
    let well_id = well.endpoint.id.0.as_str();
    // What such a run leaves: the event in both queues.
    let before = letters(&desk, "events").await;
    let listed = desk.service.receive(&local.events_dead_letter_url).await;
    let event = listed.iter().find(|it| it.body.as_ref().unwrap().contains(well_id)).unwrap();
    put(&desk, &local.events_url, event.body.as_deref().unwrap()).await;
    for message in listed {
        let call = local.aws.sqs().change_message_visibility().queue_url(&local.events_dead_letter_url);
        call.receipt_handle(message.receipt_handle.unwrap()).visibility_timeout(0).send().await.unwrap();
    }
    assert_eq!(letters(&desk, "events").await.len(), before.len());
    desk.ops(&["dlq", "redrive", "--queue", "events", "--endpoint", well_id]).await.done();
    desk.service.deliver_events().await;
    let told = well.told();
    assert_eq!(told.len(), 2);
    assert_eq!((told[0].id(), &told[0].body), (told[1].id(), &told[1].body));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_for_an_endpoint_that_is_switched_off_stays() {
    let desk = Desk::idle().await;
    let mut receiver = Receiver::start("off", &[], Answer::Status(200)).await;
    receiver.endpoint.disabled = true;
    let store = &desk.service.local.store;
    store.add_endpoint(&receiver.endpoint).await.unwrap();
    let event = shared::ports::WebhookDelivery {
        endpoint: receiver.endpoint.id.clone(),
        id: "evt_1_1".to_owned(),
        kind: "order.queued".to_owned(),
        reference: "WO-2026-00001".to_owned(),
        body: "{}".to_owned(),
    };
    put(&desk, &desk.service.local.events_dead_letter_url, &serde_json::to_string(&event).unwrap()).await;
    let ended = desk.ops(&["dlq", "redrive", "--queue", "events"]).await;
    assert!(ended.code == 1 && ended.out.contains("is switched off") && ended.out.contains("1 kept."), "{ended:?}");
    assert_eq!(letters(&desk, "events").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_published_stays_until_somebody_has_looked() {
    let desk = Desk::idle().await;
    let url = desk.service.local.unpublished_url.clone();
    let uuid = "8c0f2f6e-5a0b-8d1c-9e4f-0a1b2c3d4e5f";
    let ours = json!({ "pk": format!("order#{uuid}"), "sequence_number": "4421", "reason": "an order cannot be read" });
    // As Lambda documents it.
    let of_lambda = json!({
        "requestContext": { "requestId": "316aa6d0", "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "condition": "RecordAgeExceeded", "approximateInvokeCount": 1 },
        "responseContext": { "statusCode": 200, "executedVersion": "1", "functionError": "Unhandled" },
        "version": "1.0", "timestamp": "2026-11-23T00:13:49.717Z",
        "DDBStreamBatchInfo": { "shardId": "shardId-00000001573689847184-864758bb",
            "startSequenceNumber": "800000000003126276362", "endSequenceNumber": "800000000003126276362",
            "approximateArrivalOfFirstRecord": "2026-11-23T00:13:19Z", "approximateArrivalOfLastRecord": "2026-11-23T00:13:19Z",
            "batchSize": 2, "streamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-11-23T00:04:06.388" }
    });
    for body in [ours.to_string(), of_lambda.to_string(), "neither".to_owned()] {
        put(&desk, &url, &body).await;
    }
    let mut listed = letters(&desk, "unpublished").await;
    listed.sort_by_key(|letter| letter["reason"].to_string());
    let places: Vec<&Value> = listed.iter().map(|letter| &letter["place"]).collect();
    assert_eq!(places, [&json!("4421"), &json!(null), &json!("800000000003126276362")]);
    assert_eq!((&listed[0]["order"], &listed[2]["records"]), (&json!(uuid), &json!(2)));
    let shown = desk.ops(&["dlq", "list", "--queue", "unpublished"]).await.done();
    for part in [uuid, "4421", "an order cannot be read", "RecordAgeExceeded", "unreadable"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }

    let ended = desk.ops(&["dlq", "redrive", "--queue", "unpublished"]).await;
    assert!(
        ended.code == 1 && ended.out.contains("infra/docs/runbook.md") && ended.out.contains("3 kept."),
        "{ended:?}"
    );
    assert_eq!(letters(&desk, "unpublished").await.len(), 3);
    let unasked = desk.ops(&["dlq", "redrive", "--queue", "unpublished", "--discard"]).await.sentence(2);
    assert!(unasked.contains("--yes"), "{unasked}");
    let discarded = desk.ops(&["dlq", "redrive", "--queue", "unpublished", "--discard", "--yes"]).await.done();
    assert!(discarded.contains("3 discarded."), "{discarded}");
    assert!(letters(&desk, "unpublished").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_asked_for_of_events_alone() {
    let desk = Desk::idle().await;
    let said = desk.ops(&["dlq", "redrive", "--endpoint", "ep_1"]).await.sentence(2);
    assert_eq!(said, "`--endpoint` goes with `--queue events`.");
}
