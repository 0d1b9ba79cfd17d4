//! `ReceiveMessage`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::attribute_json::{self, AttributeJson};
use super::parameters::{count, queue, seconds};
use super::request::{Reply, Request, read, reply};
use crate::account::ACCOUNT_ID;
use crate::digest;
use crate::error::Error;
use crate::message::{Received, TRACE_HEADER};
use crate::message_attributes::AttributeValue;
use crate::receive::ReceiveOptions;
use crate::settings::unknown_attribute;

/// The system attributes that may be asked for; those of FIFO queues are never there.
const SYSTEM_ATTRIBUTES: [&str; 10] = [
    "All",
    TRACE_HEADER,
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReceiveInput {
    /// The older name of `message_system_attribute_names`; either or both may be given.
    attribute_names: Option<Vec<String>>,
    max_number_of_messages: Option<i64>,
    message_attribute_names: Option<Vec<String>>,
    message_system_attribute_names: Option<Vec<String>>,
    queue_url: Option<String>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ReceiveOutput<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<MessageJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MessageJson<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'static str, String>,
    body: &'a str,
    #[serde(rename = "MD5OfBody")]
    md5_of_body: &'a str,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_attributes: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    message_attributes: BTreeMap<&'a str, AttributeJson>,
    message_id: String,
    receipt_handle: &'a str,
}

pub(super) async fn receive(request: Request<'_>) -> Reply {
    let input: ReceiveInput = read(&request)?;
    let queue = queue(request.queues, input.queue_url.as_ref())?;
    let mut system_names = input.attribute_names.unwrap_or_default();
    system_names.extend(input.message_system_attribute_names.unwrap_or_default());
    check_system_names(&system_names)?;
    let most = input.max_number_of_messages.unwrap_or(1);
    let options = ReceiveOptions {
        max_messages: count(most, "MaxNumberOfMessages", 1..=10)?,
        visibility: seconds(input.visibility_timeout, "VisibilityTimeout")?,
        wait: seconds(input.wait_time_seconds, "WaitTimeSeconds")?,
    };
    let received = tokio::select! {
        // Look for messages first, so that a stopping server still hands out what it has.
        biased;
        received = queue.receive(options) => received?,
        () = closed(request.closing) => Vec::new(),
    };
    let names = input.message_attribute_names.unwrap_or_default();
    let messages = received.iter().map(|message| render(message, &system_names, &names)).collect();
    reply(&ReceiveOutput { messages })
}

/// Ends when the server stops, and never under a router that nobody stops.
async fn closed(mut closing: tokio::sync::watch::Receiver<bool>) {
    if closing.wait_for(|is_closing| *is_closing).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn check_system_names(names: &[String]) -> Result<(), Error> {
    match names.iter().find(|name| !SYSTEM_ATTRIBUTES.contains(&name.as_str())) {
        Some(unknown) => Err(unknown_attribute(unknown)),
        None => Ok(()),
    }
}

fn render<'a>(message: &'a Received, system_names: &[String], names: &[String]) -> MessageJson<'a> {
    let is_asked = |name: &str| system_names.iter().any(|asked| asked == "All" || asked == name);
    let mut attributes = system_attributes(message);
    attributes.retain(|name, _| is_asked(name));
    let selected: Vec<(&str, &AttributeValue)> =
        message.attributes().iter().filter(|(name, _)| is_selected(name, names)).collect();
    MessageJson {
        attributes,
        body: message.body(),
        md5_of_body: &message.content.md5_of_body,
        // Over the attributes in this reply, which is what an SDK can check.
        md5_of_attributes: digest::of_attributes(selected.iter().copied()),
        message_attributes: selected.into_iter().map(|(name, value)| (name, attribute_json::write(value))).collect(),
        message_id: message.message_id.to_string(),
        receipt_handle: &message.receipt_handle,
    }
}

fn system_attributes(message: &Received) -> BTreeMap<&'static str, String> {
    let content = &message.content;
    let mut attributes = BTreeMap::from([
        ("ApproximateFirstReceiveTimestamp", message.first_received_millis.to_string()),
        ("ApproximateReceiveCount", message.receive_count.to_string()),
        // There is one sender here: whoever uses the account.
        ("SenderId", ACCOUNT_ID.to_owned()),
        ("SentTimestamp", message.sent_millis.to_string()),
    ]);
    let optional = [
        (TRACE_HEADER, content.trace_header.as_ref().and_then(AttributeValue::as_text)),
        ("DeadLetterQueueSourceArn", message.dead_letter_source.as_deref()),
        ("MessageGroupId", content.group_id.as_deref()),
    ];
    for (name, value) in optional {
        attributes.extend(value.map(|value| (name, value.to_owned())));
    }
    attributes
}

/// Whether a message attribute was asked for: by its name, by `All` or `.*`, or by a prefix with
/// `.*` behind it.
fn is_selected(name: &str, asked: &[String]) -> bool {
    asked.iter().any(|asked| match asked.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => asked == "All" || asked == name,
    })
}
