//! What a queue owes its users.

use std::time::Duration;

use shared::{
    aws::{
        clients::Aws,
        sqs::{Sqs, from_body},
    },
    domain::{ids::WorkOrderId, webhook::WebhookEndpointId},
    ports::{Deliveries, EventQueue, OrderRef, Queue, Unpublished, UnpublishedQueue, WebhookDelivery},
};
use uuid::Uuid;

pub(crate) async fn obligations(aws: &Aws, url: &str) {
    let queue = Sqs::new(aws.sqs(), url);
    aws.sqs().purge_queue().queue_url(url).send().await.unwrap();
    let name = OrderRef { order: Uuid::new_v4(), number: WorkOrderId(42) };
    queue.send(name).await.unwrap();
    assert_eq!(queue.waiting().await.unwrap(), 1);
    let receive = || async {
        let answer = aws.sqs().receive_message().queue_url(url).wait_time_seconds(1).send().await.unwrap();
        answer.messages.unwrap_or_default()
    };
    let message = receive().await.remove(0);
    assert_eq!(from_body(message.body.as_deref().unwrap()), Some(name));
    assert_eq!(queue.waiting().await.unwrap(), 0);
    queue.postpone(message.receipt_handle.as_deref().unwrap(), Duration::ZERO).await.unwrap();
    let again = receive().await.remove(0);
    assert_eq!(from_body(again.body.as_deref().unwrap()), Some(name), "it is delivered again at once");
    aws.sqs().delete_message().queue_url(url).receipt_handle(again.receipt_handle.unwrap()).send().await.unwrap();
    assert!(queue.postpone("no receipt", Duration::ZERO).await.is_err());
    let nowhere = Sqs::new(aws.sqs(), format!("{url}-nowhere"));
    let error = nowhere.send(name).await.unwrap_err();
    assert!(error.to_string().starts_with("SendMessage: "), "operation and code, and nothing else: {error}");
}

/// Messages of a queue until there are `count`, taken from it.
async fn take(aws: &Aws, url: &str, count: usize) -> Vec<String> {
    let mut bodies = Vec::new();
    for _ in 0..20 {
        let call = aws.sqs().receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(1);
        for message in call.send().await.unwrap().messages.unwrap_or_default() {
            aws.sqs()
                .delete_message()
                .queue_url(url)
                .receipt_handle(message.receipt_handle.unwrap())
                .send()
                .await
                .unwrap();
            bodies.push(message.body.unwrap());
        }
        if bodies.len() >= count {
            break;
        }
    }
    bodies
}

pub(crate) async fn obligations_of_events(aws: &Aws, url: &str) {
    let queue = Sqs::new(aws.sqs(), url);
    aws.sqs().purge_queue().queue_url(url).send().await.unwrap();
    let event = |number: usize| WebhookDelivery {
        endpoint: WebhookEndpointId(format!("ep_{}", number % 2)),
        id: format!("evt_{number}"),
        kind: "order.queued".into(),
        reference: "WO-2026-00042".into(),
        body: "{\"text\":\"ж \\\" \"}".repeat(100),
    };
    let events: Vec<WebhookDelivery> = (0..10).map(event).collect();
    queue.send_events(&events).await.unwrap();
    let mut taken: Vec<WebhookDelivery> =
        take(aws, url, 10).await.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    taken.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(taken, events);
    let what = Unpublished { pk: "order#1".into(), sequence_number: "1".into(), reason: "a reason".into() };
    queue.send_unpublished(&what).await.unwrap();
    let parked = take(aws, url, 1).await;
    assert_eq!(serde_json::from_str::<Unpublished>(&parked[0]).unwrap(), what);
    let nowhere = Sqs::new(aws.sqs(), format!("{url}-nowhere"));
    assert!(nowhere.send_events(&events).await.unwrap_err().to_string().starts_with("SendMessageBatch: "));
    assert!(nowhere.send_unpublished(&what).await.unwrap_err().to_string().starts_with("SendMessage: "));
}
