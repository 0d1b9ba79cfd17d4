use aws_sdk_sqs::operation::send_message::SendMessageError;
use aws_sdk_sqs::types::QueueAttributeName as Name;

use crate::endpoint::{attribute, client, code, create, receive, send, start, with_queue};

#[tokio::test]
async fn a_queue_is_created_found_listed_and_deleted() {
    let host = start().await;
    let client = client(&host);
    let url = create(&client, "orders", &[("VisibilityTimeout", "5")]).await;
    assert_eq!(url, format!("http://{host}/000000000000/orders"));
    let found = client.get_queue_url().queue_name("orders").send().await.unwrap();
    assert_eq!(found.queue_url(), Some(url.as_str()));

    for name in ["a1", "a2", "a3"] {
        create(&client, name, &[]).await;
    }
    let page = client.list_queues().queue_name_prefix("a").max_results(2).send().await.unwrap();
    assert_eq!(page.queue_urls().len(), 2);
    let rest = client.list_queues().queue_name_prefix("a").set_next_token(page.next_token);
    let rest = rest.send().await.unwrap();
    assert_eq!(rest.queue_urls(), [format!("http://{host}/000000000000/a3")]);
    assert_eq!(rest.next_token(), None);

    client.delete_queue().queue_url(&url).send().await.unwrap();
    let error = client.send_message().queue_url(&url).message_body("x").send().await.unwrap_err();
    assert!(matches!(error.into_service_error(), SendMessageError::QueueDoesNotExist(_)));
    let again = client.get_queue_url().queue_name("orders").send().await;
    assert!(again.unwrap_err().into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn creating_again_needs_equal_attributes() {
    let (client, url) = with_queue(&[("DelaySeconds", "3")]).await;
    assert_eq!(create(&client, "orders", &[("DelaySeconds", "3")]).await, url);
    assert_eq!(create(&client, "orders", &[]).await, url);
    let other = client.create_queue().queue_name("orders").attributes(Name::DelaySeconds, "4");
    assert!(other.send().await.unwrap_err().into_service_error().is_queue_name_exists());
}

#[tokio::test]
async fn attributes_are_set_and_read() {
    let (client, url) = with_queue(&[]).await;
    assert_eq!(attribute(&client, &url, "QueueArn").await, "arn:aws:sqs:us-east-1:000000000000:orders");
    let set = client.set_queue_attributes().queue_url(&url);
    set.attributes(Name::VisibilityTimeout, "77")
        .attributes(Name::RedriveAllowPolicy, r#"{"redrivePermission":"allowAll"}"#)
        .send()
        .await
        .unwrap();
    let all = client.get_queue_attributes().queue_url(&url).attribute_names(Name::All);
    let all = all.send().await.unwrap().attributes.unwrap();
    assert_eq!(all[&Name::VisibilityTimeout], "77");
    assert_eq!(all[&Name::RedriveAllowPolicy], r#"{"redrivePermission":"allowAll"}"#);
    assert_eq!(all[&Name::MessageRetentionPeriod], "345600");
    assert_eq!(all[&Name::MaximumMessageSize], "1048576");
    assert_eq!(all[&Name::ApproximateNumberOfMessages], "0");
    assert!(all.contains_key(&Name::CreatedTimestamp));
    assert!(all.contains_key(&Name::LastModifiedTimestamp));
}

#[tokio::test]
async fn counts_tell_ready_hidden_and_delayed_messages() {
    let (client, url) = with_queue(&[]).await;
    for body in ["1", "2", "3"] {
        send(&client, &url, body).await;
    }
    let delayed = client.send_message().queue_url(&url).message_body("4").delay_seconds(60);
    delayed.send().await.unwrap();
    receive(&client, &url, 0, 60).await.unwrap();
    assert_eq!(attribute(&client, &url, "ApproximateNumberOfMessages").await, "2");
    assert_eq!(attribute(&client, &url, "ApproximateNumberOfMessagesNotVisible").await, "1");
    assert_eq!(attribute(&client, &url, "ApproximateNumberOfMessagesDelayed").await, "1");

    client.purge_queue().queue_url(&url).send().await.unwrap();
    for suffix in ["", "NotVisible", "Delayed"] {
        let name = format!("ApproximateNumberOfMessages{suffix}");
        assert_eq!(attribute(&client, &url, &name).await, "0");
    }
}

#[tokio::test]
async fn bad_queues_and_attributes_are_refused() {
    let client = client(&start().await);
    let named = |name: &str| client.create_queue().queue_name(name);
    let fifo = named("f.fifo").attributes(Name::FifoQueue, "true").send().await;
    assert!(fifo.unwrap_err().into_service_error().is_unsupported_operation());
    assert_eq!(code(named("a b").send().await), "InvalidParameterValue");
    assert_eq!(code(named("").send().await), "MissingParameter");
    let value = named("q").attributes(Name::VisibilityTimeout, "43201").send().await;
    assert_eq!(code(value), "InvalidAttributeValue");
    let name = named("q").attributes(Name::QueueArn, "x").send().await;
    assert_eq!(code(name), "InvalidAttributeName");
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:none","maxReceiveCount":2}"#;
    let target = named("q").attributes(Name::RedrivePolicy, policy).send().await;
    assert_eq!(code(target), "InvalidParameterValue");
    let missing = client.get_queue_url().queue_name("q").send().await;
    assert!(missing.is_err(), "a refused queue is not created");
}
