//! The in-process API on a clock that the tests move.

use std::time::Duration;

use local_sqs::{ErrorKind, NewMessage, Queue, Queues, ReceiveOptions};
use tokio::time::{Instant, advance, timeout};

fn queue(attributes: &[(&str, &str)]) -> Queue {
    Queues::default().create("orders", attributes).unwrap()
}

fn waiting(seconds: u64) -> ReceiveOptions {
    ReceiveOptions { wait: Some(Duration::from_secs(seconds)), ..ReceiveOptions::default() }
}

#[tokio::test(start_paused = true)]
async fn messages_are_dropped_after_their_retention() {
    let queue = queue(&[("MessageRetentionPeriod", "60")]);
    queue.send(NewMessage::new("old")).unwrap();
    advance(Duration::from_secs(59)).await;
    queue.send(NewMessage::new("new")).unwrap();
    assert_eq!(queue.attributes().unwrap()["ApproximateNumberOfMessages"], "2");
    advance(Duration::from_secs(1)).await;
    let received = queue.receive(waiting(0)).await.unwrap();
    assert_eq!(received[0].body(), "new");
    assert!(queue.receive(waiting(0)).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dead_message_keeps_its_age() {
    let queues = Queues::new("eu-west-1");
    let dead = queues.create("dead", &[("MessageRetentionPeriod", "60")]).unwrap();
    let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":1}}"#, dead.arn());
    let queue = queues.create("orders", &[("RedrivePolicy", &policy)]).unwrap();
    queue.send(NewMessage::new("x")).unwrap();
    queue.receive(waiting(0)).await.unwrap();
    advance(Duration::from_secs(40)).await;
    assert!(queue.receive(waiting(0)).await.unwrap().is_empty());
    assert_eq!(dead.attributes().unwrap()["ApproximateNumberOfMessages"], "1");
    advance(Duration::from_secs(20)).await;
    assert_eq!(dead.attributes().unwrap()["ApproximateNumberOfMessages"], "0");
}

#[tokio::test(start_paused = true)]
async fn a_poll_wakes_when_another_consumer_gives_up() {
    let queue = queue(&[("VisibilityTimeout", "3")]);
    queue.send(NewMessage::new("x")).unwrap();
    let start = Instant::now();
    // The second poll begins when nothing is hidden yet to wait for.
    let (first, second) = tokio::join!(queue.receive(waiting(20)), queue.receive(waiting(20)));
    assert_eq!((first.unwrap().len(), second.unwrap().len()), (1, 1));
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_later_receive_shortens_the_wait_of_earlier_polls() {
    let queue = queue(&[("VisibilityTimeout", "3")]);
    let start = Instant::now();
    let send = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        queue.send(NewMessage::new("x")).unwrap();
    };
    let polls =
        async { tokio::join!(queue.receive(waiting(20)), queue.receive(waiting(20)), queue.receive(waiting(20))) };
    let ((a, b, c), ()) = tokio::join!(polls, send);
    let counts = [a, b, c].map(|received| received.unwrap()[0].receive_count);
    assert_eq!(counts.iter().sum::<u32>(), 6, "received once, twice and three times: {counts:?}");
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_poll_loses_no_message() {
    let queue = queue(&[]);
    let dropped = timeout(Duration::from_secs(1), queue.receive(waiting(20))).await;
    assert!(dropped.is_err());
    queue.send(NewMessage::new("x")).unwrap();
    assert_eq!(queue.receive(waiting(0)).await.unwrap()[0].receive_count, 1);
}

#[tokio::test(start_paused = true)]
async fn visibility_lasts_twelve_hours_in_all() {
    let queue = queue(&[]);
    queue.send(NewMessage::new("x")).unwrap();
    let handle = queue.receive(waiting(0)).await.unwrap().remove(0).receipt_handle;
    let hour = Duration::from_hours(1);
    queue.change_visibility(&handle, 11 * hour).unwrap();
    advance(10 * hour).await;
    let error = queue.change_visibility(&handle, 3 * hour).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidParameterValue);
    queue.change_visibility(&handle, 2 * hour).unwrap();
}

#[tokio::test(start_paused = true)]
async fn deleting_a_queue_ends_its_polls() {
    let queues = Queues::default();
    let queue = queues.create("orders", &[]).unwrap();
    let delete = async { queues.delete("orders").unwrap() };
    let (received, ()) = tokio::join!(queue.receive(waiting(20)), delete);
    assert_eq!(received.unwrap_err().kind(), ErrorKind::QueueDoesNotExist);
    let again = queues.create("orders", &[]).unwrap();
    assert!(queue.send(NewMessage::new("x")).is_err());
    again.send(NewMessage::new("x")).unwrap();
}
