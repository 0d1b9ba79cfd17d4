use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::endpoint::{client, create, receive, send, with_queue};

/// Runs a ten second poll beside `change`, and returns how long it took to find a message.
async fn poll_beside(client: &aws_sdk_sqs::Client, url: &str, change: impl Future<Output = ()>) -> Duration {
    let start = Instant::now();
    let (message, ()) = tokio::join!(receive(client, url, 10, 60), change);
    assert!(message.is_some());
    start.elapsed()
}

#[tokio::test]
async fn a_poll_wakes_on_send_visibility_and_delay() {
    let (client, url) = with_queue(&[]).await;
    let sent_later = async {
        sleep(Duration::from_millis(300)).await;
        send(&client, &url, "sent").await;
    };
    let took = poll_beside(&client, &url, sent_later).await;
    assert!((300..900).contains(&took.as_millis()), "{took:?}");

    let delayed = async {
        let message = client.send_message().queue_url(&url).message_body("delayed");
        message.delay_seconds(1).send().await.unwrap();
    };
    let took = poll_beside(&client, &url, delayed).await;
    assert!((990..1600).contains(&took.as_millis()), "{took:?}");

    send(&client, &url, "hidden").await;
    let hidden = receive(&client, &url, 0, 30).await.unwrap();
    let shown = async {
        sleep(Duration::from_millis(200)).await;
        let change = client.change_message_visibility().queue_url(&url).visibility_timeout(1);
        change.set_receipt_handle(hidden.receipt_handle).send().await.unwrap();
    };
    let took = poll_beside(&client, &url, shown).await;
    assert!((1190..1800).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test]
async fn an_empty_poll_lasts_its_time_and_the_queue_may_set_it() {
    let (client, url) = with_queue(&[("ReceiveMessageWaitTimeSeconds", "1")]).await;
    let start = Instant::now();
    let reply = client.receive_message().queue_url(&url).send().await.unwrap();
    assert!(reply.messages.is_none());
    assert!((990..1600).contains(&start.elapsed().as_millis()));
    assert!(receive(&client, &url, 0, 0).await.is_none());
}

#[tokio::test]
async fn a_stopping_server_ends_its_polls() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = local_sqs::serve(listener, local_sqs::Queues::default(), async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(server);
    let client = client(&host);
    let url = create(&client, "orders", &[]).await;
    let start = Instant::now();
    let stop_later = async {
        sleep(Duration::from_millis(200)).await;
        stop.send(()).unwrap();
    };
    let (message, ()) = tokio::join!(receive(&client, &url, 20, 0), stop_later);
    assert!(message.is_none());
    server.await.unwrap().unwrap();
    assert!(start.elapsed() < Duration::from_secs(3));
}
