use std::collections::HashMap;

use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, SendMessageBatchRequestEntry};

use crate::endpoint::with_queue;

const MESSAGES: usize = 2_000;
const CONSUMERS: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_consumers_get_each_message_once() {
    let (client, url) = with_queue(&[("VisibilityTimeout", "120")]).await;
    let consumers: Vec<_> = (0..CONSUMERS)
        .map(|_| {
            let (client, url) = (client.clone(), url.clone());
            tokio::spawn(async move {
                let mut bodies = Vec::new();
                loop {
                    let poll = client.receive_message().queue_url(&url).max_number_of_messages(10);
                    let reply = poll.wait_time_seconds(2).send().await.unwrap();
                    let Some(messages) = reply.messages else { return bodies };
                    let delete = client.delete_message_batch().queue_url(&url);
                    let entries = messages.iter().enumerate().map(|(id, message)| {
                        DeleteMessageBatchRequestEntry::builder()
                            .id(id.to_string())
                            .set_receipt_handle(message.receipt_handle.clone())
                            .build()
                            .unwrap()
                    });
                    let deleted = delete.set_entries(Some(entries.collect())).send().await.unwrap();
                    assert_eq!(deleted.successful().len(), messages.len());
                    bodies.extend(messages.into_iter().filter_map(|message| message.body));
                }
            })
        })
        .collect();
    for batch in 0..MESSAGES / 10 {
        let entries = (0..10).map(|id| {
            let body = (batch * 10 + id).to_string();
            let entry = SendMessageBatchRequestEntry::builder().id(id.to_string());
            entry.message_body(body).build().unwrap()
        });
        let request = client.send_message_batch().queue_url(&url);
        request.set_entries(Some(entries.collect())).send().await.unwrap();
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    for consumer in consumers {
        for body in consumer.await.unwrap() {
            *seen.entry(body).or_default() += 1;
        }
    }
    assert_eq!(seen.len(), MESSAGES);
    assert!(seen.values().all(|times| *times == 1));
}
