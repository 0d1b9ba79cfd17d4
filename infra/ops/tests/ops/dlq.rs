//! Dead letters: looked at without being taken away, and redriven so that no cut loses or doubles anything.

use serde_json::Value;
use shared::{
    aws::sqs::to_body,
    domain::status::Status,
    ports::{OrderRef, Orders},
};
use support::service::paid_cart;

use crate::program::Desk;

/// An order that provisioning gave up, its message consumed.
async fn failed(desk: &Desk, wc_order_id: &str) -> (String, OrderRef) {
    let paid = desk.service.post("complete_order", &paid_cart(wc_order_id)).await.data();
    let reference = paid["reference_code"].as_str().unwrap().to_owned();
    for message in desk.service.receive(&desk.service.local.queue_url).await {
        let call = desk.service.local.aws.sqs().delete_message().queue_url(&desk.service.local.queue_url);
        call.receipt_handle(message.receipt_handle.unwrap()).send().await.unwrap();
    }
    let mut order = desk.service.stored(&reference).await;
    order.change(Status::Failed, "provision", Some("gave up".into()), chrono::Utc::now()).unwrap();
    order.failure = Some("gave up after 10 deliveries".into());
    desk.service.local.store.save(&mut order).await.unwrap();
    (reference, OrderRef::from(&order))
}

async fn dead(desk: &Desk, body: &str) {
    let call = desk.service.local.aws.sqs().send_message().queue_url(&desk.service.local.dead_letter_url);
    call.message_body(body).send().await.unwrap();
}

async fn letters(desk: &Desk) -> usize {
    desk.json(&["dlq", "list"]).await["letters"].as_array().unwrap().len()
}

fn fates(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut fates: Vec<(String, String)> = report["letters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|letter| (text(&letter["reference"]), text(&letter["fate"])))
        .collect();
    fates.sort();
    fates
}

#[tokio::test(flavor = "multi_thread")]
async fn every_letter_gets_its_due_and_again_does_nothing() {
    let desk = Desk::idle().await;
    assert_eq!(desk.ops(&["dlq", "list"]).await.done(), "There are no dead letters.\n");
    assert_eq!(desk.ops(&["dlq", "redrive"]).await.done(), "There are no such dead letters.\n");

    let mut orders = Vec::new();
    for index in 0..5 {
        orders.push(failed(&desk, &index.to_string()).await);
    }
    for (_, name) in &orders {
        dead(&desk, &to_body(*name).unwrap()).await;
    }
    // A second letter of the first; the second was queued by an earlier run that ended there; the third is completed; the
    // fourth and the fifth were canceled, and the fifth's lines are known to be off. Two letters name nothing.
    dead(&desk, &to_body(orders[0].1).unwrap()).await;
    for (index, to) in [(1, Status::Queued), (2, Status::Completed), (3, Status::Canceled), (4, Status::Canceled)] {
        let mut order = desk.service.stored(&orders[index].0).await;
        order.change(to, "operator:before", None, chrono::Utc::now()).unwrap();
        order.suspending &= index != 4;
        desk.service.local.store.save(&mut order).await.unwrap();
    }
    dead(&desk, "not a letter of ours: secret@example.com").await;
    let nobody = OrderRef { order: uuid::Uuid::from_u128(7), number: orders[0].1.number };
    dead(&desk, &to_body(nobody).unwrap()).await;

    assert_eq!((letters(&desk).await, letters(&desk).await), (8, 8), "looking takes nothing away");
    let shown = desk.ops(&["dlq", "list"]).await.done();
    for part in [orders[0].0.as_str(), "gave up after 10 deliveries", "completed", "no such order", "unreadable"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("secret@"), "{shown}");

    let ended = desk.ops(&["dlq", "redrive", "--json", "--as", "jane"]).await;
    assert_eq!((ended.code, ended.err.as_str()), (1, ""), "something is left: {ended:?}");
    let report = ended.json();
    let wanted = [
        (orders[0].0.clone(), "needless"),
        (orders[0].0.clone(), "queued"),
        (orders[1].0.clone(), "sent_again"),
        (orders[2].0.clone(), "needless"),
        (orders[3].0.clone(), "sent_again"),
        (orders[4].0.clone(), "needless"),
        ("-".to_owned(), "kept"),
        ("-".to_owned(), "kept"),
    ];
    let mut wanted: Vec<(String, String)> = wanted.map(|(order, fate)| (order, fate.to_owned())).to_vec();
    wanted.sort();
    assert_eq!(fates(&report), wanted, "{report}");
    assert_eq!(report["counts"]["kept"], 2);
    let first = desk.service.stored(&orders[0].0).await;
    assert_eq!((first.status(), first.history().last().unwrap().by.as_str()), (Status::Queued, "operator:jane"));

    let again = desk.ops(&["dlq", "redrive", "--json"]).await;
    assert_eq!(fates(&again.json()), [("-".to_owned(), "kept".to_owned()), ("-".to_owned(), "kept".to_owned())]);
    desk.service.drain().await;
    for (index, (reference, name)) in orders.iter().enumerate() {
        let order = desk.service.stored(reference).await;
        assert_eq!(order.status() == Status::Completed, index < 3, "{index}");
        assert_eq!(order.open_as(), None, "{index}");
        let line = desk.service.line(name.number.0 * 100 + 1).await;
        assert_eq!(line.is_some(), index < 2, "{index}: what was completed elsewhere or canceled is not provisioned");
    }
    assert_eq!(desk.service.receive(&desk.service.local.queue_url).await.len(), 0);

    let unasked = desk.ops(&["dlq", "redrive", "--discard"]).await.sentence(2);
    assert!(unasked.contains("--yes"), "{unasked}");
    assert_eq!(letters(&desk).await, 2);
    let discarded = desk.ops(&["dlq", "redrive", "--discard", "--yes"]).await.done();
    assert!(discarded.contains("2 discarded."), "{discarded}");
    assert_eq!(letters(&desk).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_can_be_tried_first() {
    let desk = Desk::idle().await;
    let (first, one) = failed(&desk, "1").await;
    let (second, two) = failed(&desk, "2").await;
    for name in [one, two] {
        dead(&desk, &to_body(name).unwrap()).await;
    }
    let report = desk.json(&["dlq", "redrive", &second]).await;
    assert_eq!(fates(&report), [(second.clone(), "queued".to_owned())]);
    assert_eq!(desk.service.stored(&first).await.status(), Status::Failed);
    assert_eq!(letters(&desk).await, 1, "the other is to be seen at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_letters_and_two_who_redrive_at_once() {
    let desk = Desk::idle().await;
    let mut orders = Vec::new();
    for index in 0..40 {
        let (reference, name) = failed(&desk, &index.to_string()).await;
        dead(&desk, &to_body(name).unwrap()).await;
        orders.push(reference);
    }
    let redrive = || desk.ops(&["dlq", "redrive", "--json"]);
    let (one, two) = tokio::join!(redrive(), redrive());
    let done: usize = [one, two]
        .iter()
        .map(|ended| {
            assert_eq!(ended.code, 0, "{ended:?}");
            ended.json()["letters"].as_array().unwrap().len()
        })
        .sum();
    assert_eq!(done, 40);
    for reference in &orders {
        let order = desk.service.stored(reference).await;
        let retries = order.history().iter().filter(|change| change.by.starts_with("operator:")).count();
        assert_eq!((order.status(), retries), (Status::Queued, 1));
    }
    assert_eq!(letters(&desk).await, 0);
}
