//! What a queue owes its users.

use std::time::Duration;

use shared::{
    domain::ids::WorkOrderId,
    lambda::clients::Aws,
    ports::{Deliveries, OrderName, Queue},
    sqs::{Sqs, from_body},
};
use uuid::Uuid;

pub(crate) async fn obligations(aws: &Aws, url: &str) {
    let queue = Sqs::new(aws.sqs(), url);
    aws.sqs().purge_queue().queue_url(url).send().await.unwrap();
    let name = OrderName { order: Uuid::new_v4(), number: WorkOrderId(42) };
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
