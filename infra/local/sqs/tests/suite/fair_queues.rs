use aws_sdk_sqs::{Client, types::Message};

use crate::endpoint::with_queue;

async fn send(client: &Client, url: &str, group: &str, count: usize) {
    for _ in 0..count {
        client.send_message().queue_url(url).message_body(group).message_group_id(group).send().await.unwrap();
    }
}

async fn receive(client: &Client, url: &str, most: i32) -> (String, Vec<Message>) {
    let reply = client.receive_message().queue_url(url).max_number_of_messages(most).send().await.unwrap();
    let messages = reply.messages.unwrap_or_default();
    (messages.iter().map(|message| message.body().unwrap()).collect::<Vec<_>>().join(" "), messages)
}

#[tokio::test]
async fn a_group_with_most_of_what_is_in_flight_yields_to_others() {
    let (client, url) = with_queue(&[]).await;
    send(&client, &url, "a", 20).await;
    let (first, in_flight) = receive(&client, &url, 10).await;
    assert_eq!(first, ["a"; 10].join(" "));
    send(&client, &url, "b", 3).await;
    assert_eq!(receive(&client, &url, 5).await.0, "b b b a a", "and takes what is left");
    send(&client, &url, "b", 1).await;
    for message in in_flight {
        let delete = client.delete_message().queue_url(&url);
        delete.set_receipt_handle(message.receipt_handle).send().await.unwrap();
    }
    // Three of b and two of a are in flight now: none is noisy, and a's turn was before.
    send(&client, &url, "a", 1).await;
    assert_eq!(receive(&client, &url, 2).await.0, "b a");
}

#[tokio::test]
async fn a_group_is_quiet_again_when_its_messages_come_back() {
    let (client, url) = with_queue(&[]).await;
    send(&client, &url, "a", 6).await;
    for message in receive(&client, &url, 6).await.1 {
        let change = client.change_message_visibility().queue_url(&url).visibility_timeout(0);
        change.set_receipt_handle(message.receipt_handle).send().await.unwrap();
    }
    send(&client, &url, "b", 1).await;
    assert_eq!(receive(&client, &url, 4).await.0, "a a a a");
}

#[tokio::test]
async fn messages_without_a_group_keep_their_order() {
    let (client, url) = with_queue(&[]).await;
    for body in 0..10 {
        client.send_message().queue_url(&url).message_body(body.to_string()).send().await.unwrap();
    }
    assert_eq!(receive(&client, &url, 5).await.0, "0 1 2 3 4");
    assert_eq!(receive(&client, &url, 5).await.0, "5 6 7 8 9");
}
