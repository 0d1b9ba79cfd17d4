use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageSystemAttributeName as System;

use crate::endpoint::{attribute, client, code, create, receive, send, start};

/// A queue whose messages die after two receives, its dead-letter queue, and that one's ARN.
async fn queues() -> (Client, String, String, String) {
    let client = client(&start().await);
    let dead = create(&client, "dead", &[]).await;
    let arn = attribute(&client, &dead, "QueueArn").await;
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"2"}}"#);
    let url = create(&client, "orders", &[("RedrivePolicy", &policy)]).await;
    (client, url, dead, arn)
}

/// Receives a message as often as it may be, and once more.
async fn exhaust(client: &Client, url: &str) {
    for _ in 0..2 {
        assert!(receive(client, url, 0, 0).await.is_some());
    }
    assert!(receive(client, url, 0, 0).await.is_none());
}

#[tokio::test]
async fn a_message_received_too_often_goes_to_the_dead_letter_queue() {
    let (client, url, dead, arn) = queues().await;
    let policy = attribute(&client, &url, "RedrivePolicy").await;
    assert_eq!(policy, format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":2}}"#));
    send(&client, &url, "poison").await;
    let first = receive(&client, &url, 0, 0).await.unwrap();
    assert!(receive(&client, &url, 0, 0).await.is_some());
    send(&client, &url, "next").await;
    let next = receive(&client, &url, 0, 60).await.unwrap();
    assert_eq!(next.body(), Some("next"), "a dead message takes nobody's place in a reply");

    let message = receive(&client, &dead, 1, 60).await.unwrap();
    assert_eq!(message.body(), Some("poison"));
    assert_eq!(message.message_id(), first.message_id());
    let system = message.attributes.unwrap();
    assert_eq!(system[&System::ApproximateReceiveCount], "3", "receives count across queues");
    assert_eq!(system[&System::DeadLetterQueueSourceArn], attribute(&client, &url, "QueueArn").await);
    assert_eq!(system[&System::SentTimestamp], first.attributes.unwrap()[&System::SentTimestamp]);
}

#[tokio::test]
async fn a_move_task_brings_messages_back_as_new() {
    let (client, url, dead, arn) = queues().await;
    send(&client, &url, "poison").await;
    exhaust(&client, &url).await;
    let old = receive(&client, &dead, 0, 0).await.unwrap();

    client.start_message_move_task().source_arn(&arn).send().await.unwrap();
    assert!(receive(&client, &dead, 0, 0).await.is_none());
    let message = receive(&client, &url, 0, 0).await.unwrap();
    assert_eq!(message.body(), Some("poison"));
    assert_ne!(message.message_id(), old.message_id());
    assert_eq!(message.attributes.unwrap()[&System::ApproximateReceiveCount], "1");

    let tasks = client.list_message_move_tasks().source_arn(&arn).send().await.unwrap();
    let task = &tasks.results()[0];
    assert_eq!(task.status(), Some("COMPLETED"));
    assert_eq!(task.approximate_number_of_messages_moved(), 1);
    assert_eq!(task.approximate_number_of_messages_to_move(), Some(1));
    assert_eq!(task.source_arn(), Some(arn.as_str()));
}

#[tokio::test]
async fn a_move_task_can_name_its_destination() {
    let (client, _, dead, arn) = queues().await;
    let other = create(&client, "other", &[]).await;
    let other_arn = attribute(&client, &other, "QueueArn").await;
    send(&client, &dead, "direct").await;

    // Sent to the dead-letter queue directly, it has no queue to go back to.
    client.start_message_move_task().source_arn(&arn).send().await.unwrap();
    let tasks = client.list_message_move_tasks().source_arn(&arn).send().await.unwrap();
    assert_eq!(tasks.results()[0].failure_reason(), Some("CouldNotDetermineMessageSource"));
    assert_eq!(attribute(&client, &dead, "ApproximateNumberOfMessages").await, "1");

    let task = client.start_message_move_task().source_arn(&arn).destination_arn(&other_arn);
    task.send().await.unwrap();
    assert_eq!(receive(&client, &other, 0, 0).await.unwrap().body(), Some("direct"));
    let tasks = client.list_message_move_tasks().source_arn(&arn).max_results(10).send().await;
    assert_eq!(tasks.unwrap().results().len(), 2);

    let wrong = client.start_message_move_task().source_arn(&other_arn).send().await;
    assert_eq!(code(wrong), "InvalidParameterValue");
    let unknown = client.start_message_move_task().source_arn("arn:aws:sqs:x:0:none").send().await;
    assert!(unknown.unwrap_err().into_service_error().is_resource_not_found_exception());
}
