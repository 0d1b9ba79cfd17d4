use std::time::Duration;

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName as System, MessageSystemAttributeNameForSends,
    MessageSystemAttributeValue,
};
use tokio::time::sleep;

use crate::endpoint::{code, receive, send, with_queue};

fn text(data_type: &str, value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type(data_type).string_value(value).build().unwrap()
}

#[tokio::test]
async fn a_message_comes_with_its_attributes_and_digests() {
    let (client, url) = with_queue(&[]).await;
    let blob = MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new([1, 2, 3]));
    let trace = MessageSystemAttributeValue::builder().data_type("String").string_value("Root=1");
    let sent = client
        .send_message()
        .queue_url(&url)
        .message_body("hello \u{e9}\n")
        .message_attributes("kind", text("String", "order"))
        .message_attributes("kind.sub", text("Number.int", "7"))
        .message_attributes("raw", blob.build().unwrap())
        .message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, trace.build().unwrap())
        .send()
        .await
        .unwrap();
    // Digests computed apart, with Python's hashlib over the documented encoding.
    assert_eq!(sent.md5_of_message_body(), Some("cb85ca07db0bdeaa53457d0e32e95f83"));
    assert_eq!(sent.md5_of_message_attributes(), Some("1f99a1a418dcbcf417149c6103aea88e"));
    assert_eq!(sent.md5_of_message_system_attributes(), Some("d6619b3d47b81d3fc72c0db005a70eda"));

    let message = receive(&client, &url, 0, 30).await.unwrap();
    assert_eq!(message.message_id(), sent.message_id());
    assert_eq!(message.body(), Some("hello \u{e9}\n"));
    assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
    let attributes = message.message_attributes.unwrap();
    assert_eq!(attributes["kind.sub"], text("Number.int", "7"));
    assert_eq!(attributes["raw"].binary_value(), Some(&Blob::new([1, 2, 3])));
    let system = message.attributes.unwrap();
    assert_eq!(system[&System::ApproximateReceiveCount], "1");
    assert_eq!(system[&System::AwsTraceHeader], "Root=1");
    assert_eq!(system[&System::SenderId], "000000000000");
    let sent_at: u64 = system[&System::SentTimestamp].parse().unwrap();
    let first: u64 = system[&System::ApproximateFirstReceiveTimestamp].parse().unwrap();
    assert!(sent_at > 1_600_000_000_000 && first >= sent_at);
}

#[tokio::test]
async fn attributes_come_only_when_asked_for() {
    let (client, url) = with_queue(&[("VisibilityTimeout", "0")]).await;
    client
        .send_message()
        .queue_url(&url)
        .message_body("x")
        .message_attributes("shop.id", text("String", "1"))
        .message_attributes("shop.name", text("String", "2"))
        .message_attributes("other", text("String", "3"))
        .send()
        .await
        .unwrap();
    for (asked, expected) in [("none", 0), ("other", 1), ("shop.*", 2), ("All", 3), (".*", 3)] {
        let request = client.receive_message().queue_url(&url).message_attribute_names(asked);
        let mut messages = request.send().await.unwrap().messages.unwrap();
        let message = messages.pop().unwrap();
        assert_eq!(message.message_attributes.unwrap_or_default().len(), expected, "{asked}");
        assert_eq!(message.md5_of_message_attributes.is_some(), expected > 0);
        assert!(message.attributes.is_none());
    }
    // The older parameter is not the newer one's alias in the SDK; both must work.
    #[allow(deprecated)]
    let request = client
        .receive_message()
        .queue_url(&url)
        .attribute_names(aws_sdk_sqs::types::QueueAttributeName::from("ApproximateReceiveCount"));
    let messages = request.send().await.unwrap().messages.unwrap();
    let system = messages[0].attributes.as_ref().unwrap();
    assert_eq!(system.len(), 1);
    assert_eq!(system[&System::ApproximateReceiveCount], "6");
}

#[tokio::test]
async fn only_the_latest_receipt_deletes() {
    let (client, url) = with_queue(&[]).await;
    send(&client, &url, "x").await;
    let old = receive(&client, &url, 0, 0).await.unwrap().receipt_handle.unwrap();
    let new = receive(&client, &url, 0, 0).await.unwrap().receipt_handle.unwrap();
    assert_ne!(old, new);
    let delete = |handle: String| client.delete_message().queue_url(&url).receipt_handle(handle).send();
    delete(old).await.unwrap();
    assert!(receive(&client, &url, 0, 0).await.is_some(), "an older receipt deletes nothing");
    let latest = receive(&client, &url, 0, 0).await.unwrap().receipt_handle.unwrap();
    // Its timeout is over, which does not matter while nobody else has the message.
    delete(latest.clone()).await.unwrap();
    delete(latest).await.unwrap();
    assert!(receive(&client, &url, 0, 0).await.is_none());
    let broken = delete("nonsense".to_owned()).await.unwrap_err().into_service_error();
    assert!(broken.is_receipt_handle_is_invalid());
}

#[tokio::test]
async fn visibility_is_changed_while_in_flight() {
    let (client, url) = with_queue(&[]).await;
    send(&client, &url, "x").await;
    let handle = receive(&client, &url, 0, 1).await.unwrap().receipt_handle.unwrap();
    let change = |handle: &str, seconds| {
        let change = client.change_message_visibility().queue_url(&url);
        change.receipt_handle(handle).visibility_timeout(seconds).send()
    };
    change(&handle, 60).await.unwrap();
    sleep(Duration::from_millis(1100)).await;
    assert!(receive(&client, &url, 0, 60).await.is_none(), "the longer timeout holds");
    change(&handle, 0).await.unwrap();
    let error = change(&handle, 5).await.unwrap_err().into_service_error();
    assert!(error.is_message_not_inflight());
    let again = receive(&client, &url, 0, 60).await.unwrap().receipt_handle.unwrap();
    let error = change(&handle, 5).await.unwrap_err().into_service_error();
    assert!(error.is_message_not_inflight(), "the message belongs to a later receive");
    assert_eq!(code(change(&again, 43_201).await), "InvalidParameterValue");
    client.delete_message().queue_url(&url).receipt_handle(&again).send().await.unwrap();
    assert_eq!(code(change(&again, 5).await), "InvalidParameterValue");
}

#[tokio::test]
async fn messages_out_of_bounds_are_refused() {
    let (client, url) = with_queue(&[("MaximumMessageSize", "1024")]).await;
    let message = |body: &str| client.send_message().queue_url(&url).message_body(body);
    assert_eq!(code(message(&"n".repeat(1025)).send().await), "InvalidParameterValue");
    message(&"n".repeat(1024)).send().await.unwrap();
    let control = message("\u{1}").send().await.unwrap_err().into_service_error();
    assert!(control.is_invalid_message_contents());
    assert_eq!(code(message("").send().await), "MissingParameter");
    assert_eq!(code(message("x").delay_seconds(901).send().await), "InvalidParameterValue");
    let number = message("x").message_attributes("n", text("Number", "seven"));
    assert_eq!(code(number.send().await), "InvalidParameterValue");
    let reserved = message("x").message_attributes("AWS.n", text("String", "x"));
    assert_eq!(code(reserved.send().await), "InvalidParameterValue");
    let most = client.receive_message().queue_url(&url).max_number_of_messages(11);
    assert_eq!(code(most.send().await), "InvalidParameterValue");
    let wait = client.receive_message().queue_url(&url).wait_time_seconds(21);
    assert_eq!(code(wait.send().await), "InvalidParameterValue");
}
