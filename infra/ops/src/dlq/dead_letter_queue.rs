//! Messages of a queue of dead letters: received, let go, deleted. A message that was received is hidden for a while; nothing
//! is lost when the program ends before it is let go.

use std::collections::HashMap;

use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName};
use shared::{
    aws::{error::call_error, sqs::Sqs},
    domain::time::Timestamp,
    ports::{PortError, Queue},
};

/// A dead letter.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    /// The message's id, the same at every receive.
    pub(super) id: String,
    /// What it says.
    pub(super) body: String,
    /// When it was first sent.
    pub(super) sent_at: Option<Timestamp>,
    receipt: String,
}

/// A queue of dead letters.
pub(super) struct DeadLetterQueue {
    client: aws_sdk_sqs::Client,
    url: String,
    hidden: i32,
    /// Those that were received before, with their latest receipts.
    seen: HashMap<String, String>,
}

impl DeadLetterQueue {
    /// The queue at `url`. What is received is hidden for `hidden` seconds.
    pub(super) fn open(client: aws_sdk_sqs::Client, url: &str, hidden: i32) -> Self {
        Self { client, url: url.to_owned(), hidden, seen: HashMap::new() }
    }

    /// About how many letters wait to be received.
    pub(super) async fn waiting(&self) -> Result<u64, PortError> {
        Sqs::new(self.client.clone(), &self.url).waiting().await
    }

    /// Up to 10 that were not received before; none when there are no more. A short poll asks only some of SQS's servers,
    /// so it asks again, and waits, before it believes that there is nothing.
    pub(super) async fn next(&mut self) -> Result<Vec<Letter>, PortError> {
        for wait in [0, 1] {
            let call = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
            let call = call.visibility_timeout(self.hidden).wait_time_seconds(wait);
            let call = call.message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
            let answer = call.send().await.map_err(|error| call_error("ReceiveMessage", &error))?;
            let mut new = Vec::new();
            for letter in answer.messages.unwrap_or_default().into_iter().filter_map(letter) {
                if self.seen.insert(letter.id.clone(), letter.receipt.clone()).is_none() {
                    new.push(letter);
                }
            }
            if !new.is_empty() {
                return Ok(new);
            }
        }
        Ok(Vec::new())
    }

    /// Makes letters visible again at once.
    pub(super) async fn let_go(&self, letters: &[Letter]) -> Result<(), PortError> {
        for letters in letters.chunks(10) {
            let mut call = self.client.change_message_visibility_batch().queue_url(&self.url);
            for (index, letter) in letters.iter().enumerate() {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(self.receipt(letter))
                    .visibility_timeout(0)
                    .build()
                    .map_err(|_| PortError::Corrupt("a message's receipt cannot be used".to_owned()))?;
                call = call.entries(entry);
            }
            // One that is not let go shows up by itself when its time is over.
            call.send().await.map_err(|error| call_error("ChangeMessageVisibilityBatch", &error))?;
        }
        Ok(())
    }

    /// Deletes a letter.
    pub(super) async fn delete(&self, letter: &Letter) -> Result<(), PortError> {
        let call = self.client.delete_message().queue_url(&self.url).receipt_handle(self.receipt(letter));
        call.send().await.map(|_| ()).map_err(|error| call_error("DeleteMessage", &error))
    }

    fn receipt<'a>(&'a self, letter: &'a Letter) -> &'a str {
        self.seen.get(&letter.id).unwrap_or(&letter.receipt)
    }
}

fn letter(message: Message) -> Option<Letter> {
    let sent = message.attributes.as_ref().and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
    Some(Letter {
        sent_at: sent.and_then(|millis| Timestamp::from_timestamp_millis(millis.parse().ok()?)),
        body: message.body.unwrap_or_default(),
        id: message.message_id?,
        receipt: message.receipt_handle?,
    })
}
