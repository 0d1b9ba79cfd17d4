//! A server on a free port, and an SDK client for it.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use local_sqs::Queues;
use tokio::net::TcpListener;

/// Starts a server that runs until the test ends, and returns its `host:port`.
pub(crate) async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(local_sqs::serve(listener, Queues::default(), std::future::pending()));
    host
}

pub(crate) fn client(host: &str) -> Client {
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("x", "x", None, None, "test"))
        .endpoint_url(format!("http://{host}"))
        .http_client(http)
        .build();
    Client::from_conf(config)
}

/// A client of a new server with one queue, and the queue's URL.
pub(crate) async fn with_queue(attributes: &[(&str, &str)]) -> (Client, String) {
    let client = client(&start().await);
    let url = create(&client, "orders", attributes).await;
    (client, url)
}

pub(crate) async fn create(client: &Client, name: &str, attributes: &[(&str, &str)]) -> String {
    let mut request = client.create_queue().queue_name(name);
    for (name, value) in attributes {
        request = request.attributes(QueueAttributeName::from(*name), *value);
    }
    request.send().await.unwrap().queue_url.unwrap()
}

pub(crate) async fn send(client: &Client, url: &str, body: &str) {
    client.send_message().queue_url(url).message_body(body).send().await.unwrap();
}

/// Receives one message, waiting `wait` seconds, hidden for `visibility` seconds.
pub(crate) async fn receive(client: &Client, url: &str, wait: i32, visibility: i32) -> Option<Message> {
    let request = client.receive_message().queue_url(url).wait_time_seconds(wait);
    let request = request.visibility_timeout(visibility);
    let request = request
        .message_system_attribute_names(aws_sdk_sqs::types::MessageSystemAttributeName::All)
        .message_attribute_names("All");
    let mut messages = request.send().await.unwrap().messages.unwrap_or_default();
    assert!(messages.len() <= 1);
    messages.pop()
}

pub(crate) async fn attribute(client: &Client, url: &str, name: &str) -> String {
    let name = QueueAttributeName::from(name);
    let request = client.get_queue_attributes().queue_url(url).attribute_names(name.clone());
    request.send().await.unwrap().attributes.unwrap().remove(&name).unwrap()
}

/// The code that the SDK shows for a failed call.
pub(crate) fn code<T: std::fmt::Debug, E: ProvideErrorMetadata>(result: Result<T, E>) -> String {
    match result {
        Ok(reply) => panic!("not refused: {reply:?}"),
        Err(error) => error.code().unwrap_or("none").to_owned(),
    }
}
