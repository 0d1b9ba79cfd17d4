//! The protocol itself, without an SDK.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::endpoint::{client, create, start};

/// Posts `body` and returns the reply, headers in lower case.
async fn post(host: &str, host_header: &str, target: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {host_header}\r\nX-Amz-Target: {target}\r\nConnection: close\r\n\
         Content-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply
}

#[tokio::test]
async fn urls_follow_the_host_header_and_any_url_finds_its_queue() {
    let host = start().await;
    create(&client(&host), "orders", &[]).await;
    let reply = post(&host, "sqs.local:1", "AmazonSQS.GetQueueUrl", r#"{"QueueName":"orders"}"#).await;
    assert!(reply.contains("content-type: application/x-amz-json-1.0"), "{reply}");
    assert!(reply.ends_with(r#"{"QueueUrl":"http://sqs.local:1/000000000000/orders"}"#), "{reply}");
    for url in ["https://sqs.eu-west-1.amazonaws.com/123456789012/orders", "orders", "/x/orders/"] {
        let body = format!(r#"{{"QueueUrl":"{url}"}}"#);
        let reply = post(&host, "x", "AmazonSQS.ReceiveMessage", &body).await;
        assert!(reply.starts_with("HTTP/1.1 200") && reply.ends_with("{}"), "{reply}");
    }
}

#[tokio::test]
async fn refusals_have_both_codes() {
    let host = start().await;
    let reply = post(&host, "x", "AmazonSQS.SendMessage", r#"{"QueueUrl":"http://x/0/none"}"#).await;
    assert!(reply.starts_with("HTTP/1.1 400"), "{reply}");
    let header = "x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender";
    assert!(reply.contains(header), "{reply}");
    assert!(reply.contains(r#""__type":"com.amazonaws.sqs#QueueDoesNotExist""#), "{reply}");

    for (target, body, shape) in [
        ("AmazonSQS.SendMessage", "not json", "SerializationException"),
        ("AmazonSQS.SendMessage", "{}", "MissingRequiredParameterException"),
        ("AmazonSQS.TagQueue", "{}", "UnknownOperationException"),
        ("", "Action=ListQueues", "UnknownOperationException"),
    ] {
        let reply = post(&host, "x", target, body).await;
        assert!(reply.starts_with("HTTP/1.1 400") && reply.contains(shape), "{reply}");
    }
    let reply = post(&host, "x", "AmazonSQS.ListQueues", "").await;
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}
