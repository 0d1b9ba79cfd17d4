//! Batches: up to ten entries, each of which succeeds or fails for itself.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::message_operations::{ReceiptEntry, SendEntry, SentJson};
use super::parameters::queue;
use super::request::{Reply, Request, read, reply};
use crate::error::{Error, ErrorKind};
use crate::message::NewMessage;
use crate::settings::MAX_MESSAGE_SIZE;

/// Limits of a batch and of its ids:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
const MAX_ENTRIES: usize = 10;
const MAX_ID: usize = 80;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "T: Deserialize<'de>")]
struct Batch<T> {
    #[serde(default = "Vec::new")]
    entries: Vec<Entry<T>>,
    queue_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<T> {
    #[serde(default)]
    id: String,
    #[serde(flatten)]
    entry: T,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome<T> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<Failed>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    successful: Vec<Successful<T>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    code: &'static str,
    id: String,
    message: String,
    sender_fault: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Successful<T> {
    id: String,
    #[serde(flatten)]
    result: T,
}

/// What is said of a success beside its id.
#[derive(Serialize)]
struct Nothing {}

pub(super) fn send(request: &Request<'_>) -> Reply {
    let input: Batch<SendEntry> = read(request)?;
    let queue = queue(request.queues, input.queue_url.as_ref())?;
    check(&input.entries)?;
    let messages: Vec<(String, Result<NewMessage, Error>)> =
        input.entries.into_iter().map(|entry| (entry.id, entry.entry.into_message())).collect();
    let size: usize = messages.iter().filter_map(|(_, message)| message.as_ref().ok()).map(NewMessage::size).sum();
    if size > MAX_MESSAGE_SIZE {
        let message =
            format!("Batch requests cannot be longer than {MAX_MESSAGE_SIZE} bytes. You have sent {size} bytes.");
        return Err(Error::new(ErrorKind::BatchRequestTooLong, message));
    }
    reply(&outcome(
        messages
            .into_iter()
            .map(|(id, message)| (id, message.and_then(|message| queue.send(message)).map(SentJson::from))),
    ))
}

pub(super) fn delete(request: &Request<'_>) -> Reply {
    let input: Batch<ReceiptEntry> = read(request)?;
    let queue = queue(request.queues, input.queue_url.as_ref())?;
    check(&input.entries)?;
    reply(&outcome(input.entries.into_iter().map(|entry| {
        let deleted = entry.entry.delete(&queue);
        (entry.id, deleted.map(|()| Nothing {}))
    })))
}

pub(super) fn change_visibility(request: &Request<'_>) -> Reply {
    let input: Batch<ReceiptEntry> = read(request)?;
    let queue = queue(request.queues, input.queue_url.as_ref())?;
    check(&input.entries)?;
    reply(&outcome(input.entries.into_iter().map(|entry| {
        let changed = entry.entry.change_visibility(&queue);
        (entry.id, changed.map(|()| Nothing {}))
    })))
}

/// Refuses a batch as a whole.
fn check<T>(entries: &[Entry<T>]) -> Result<(), Error> {
    if entries.is_empty() {
        let message = "There should be at least one entry in the request.";
        return Err(Error::new(ErrorKind::EmptyBatchRequest, message));
    }
    if entries.len() > MAX_ENTRIES {
        let message =
            format!("Maximum number of entries per request are {MAX_ENTRIES}. You have sent {}.", entries.len());
        return Err(Error::new(ErrorKind::TooManyEntriesInBatchRequest, message));
    }
    if entries.iter().any(|entry| !is_valid_id(&entry.id)) {
        let message = "A batch entry id can only contain alphanumeric characters, hyphens and \
                       underscores. It can be at most 80 letters long.";
        return Err(Error::new(ErrorKind::InvalidBatchEntryId, message));
    }
    let mut seen = HashSet::new();
    if let Some(repeated) = entries.iter().find(|entry| !seen.insert(entry.id.as_str())) {
        let message = format!("Id {} repeated.", repeated.id);
        return Err(Error::new(ErrorKind::BatchEntryIdsNotDistinct, message));
    }
    Ok(())
}

fn is_valid_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !id.is_empty() && id.len() <= MAX_ID && id.bytes().all(is_allowed)
}

fn outcome<T>(results: impl Iterator<Item = (String, Result<T, Error>)>) -> Outcome<T> {
    let mut outcome = Outcome { failed: Vec::new(), successful: Vec::new() };
    for (id, result) in results {
        match result {
            Ok(result) => outcome.successful.push(Successful { id, result }),
            Err(error) => outcome.failed.push(Failed {
                code: error.kind().query_code(),
                id,
                message: error.to_string(),
                sender_fault: error.kind().is_sender_fault(),
            }),
        }
    }
    outcome
}
