use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry as Change, DeleteMessageBatchRequestEntry as Delete,
    SendMessageBatchRequestEntry as Send,
};

use crate::endpoint::{code, receive, with_queue};

fn entry(id: &str, body: &str) -> Send {
    Send::builder().id(id).message_body(body).build().unwrap()
}

#[tokio::test]
async fn ten_messages_go_through_in_batches() {
    let (client, url) = with_queue(&[]).await;
    let entries = (0..10).map(|id| entry(&id.to_string(), &format!("b{id}"))).collect();
    let sent = client.send_message_batch().queue_url(&url).set_entries(Some(entries));
    assert_eq!(sent.send().await.unwrap().successful().len(), 10);

    let receive_ten = client.receive_message().queue_url(&url).max_number_of_messages(10);
    let messages = receive_ten.clone().send().await.unwrap().messages.unwrap();
    let bodies: Vec<_> = messages.iter().filter_map(|message| message.body()).collect();
    assert_eq!(bodies, ["b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8", "b9"]);

    let visible_again = messages.iter().enumerate().map(|(id, message)| {
        let change = Change::builder().id(id.to_string()).visibility_timeout(0);
        change.set_receipt_handle(message.receipt_handle.clone()).build().unwrap()
    });
    let changed = client.change_message_visibility_batch().queue_url(&url);
    let changed = changed.set_entries(Some(visible_again.collect())).send().await.unwrap();
    assert_eq!(changed.successful().len(), 10);

    let messages = receive_ten.send().await.unwrap().messages.unwrap();
    assert_eq!(messages.len(), 10);
    let entries = messages.iter().enumerate().map(|(id, message)| {
        let delete = Delete::builder().id(id.to_string());
        delete.set_receipt_handle(message.receipt_handle.clone()).build().unwrap()
    });
    let deleted = client.delete_message_batch().queue_url(&url);
    let deleted = deleted.set_entries(Some(entries.collect())).send().await.unwrap();
    assert_eq!((deleted.successful().len(), deleted.failed().len()), (10, 0));
    assert!(receive(&client, &url, 0, 0).await.is_none());
}

#[tokio::test]
async fn each_entry_fails_for_itself() {
    let (client, url) = with_queue(&[]).await;
    let batch = client.send_message_batch().queue_url(&url);
    let outcome = batch.entries(entry("good", "x")).entries(entry("bad", "\u{2}")).send().await;
    let outcome = outcome.unwrap();
    assert_eq!(outcome.successful()[0].id(), "good");
    let failed = &outcome.failed()[0];
    assert_eq!((failed.id(), failed.code(), failed.sender_fault()), ("bad", "InvalidMessageContents", true));

    let delete = Delete::builder().id("a").receipt_handle("nonsense").build().unwrap();
    let outcome = client.delete_message_batch().queue_url(&url).entries(delete).send().await.unwrap();
    assert_eq!(outcome.failed()[0].code(), "ReceiptHandleIsInvalid");
    let change = Change::builder().id("a").receipt_handle("nonsense").visibility_timeout(1);
    let batch = client.change_message_visibility_batch().queue_url(&url);
    let outcome = batch.entries(change.build().unwrap()).send().await.unwrap();
    assert_eq!(outcome.failed()[0].code(), "ReceiptHandleIsInvalid");
}

#[tokio::test]
async fn bad_batches_are_refused_whole() {
    let (client, url) = with_queue(&[]).await;
    let batch = |entries: Vec<Send>| client.send_message_batch().queue_url(&url).set_entries(Some(entries)).send();
    let error = batch(Vec::new()).await.unwrap_err().into_service_error();
    assert!(error.is_empty_batch_request());
    let eleven = (0..11).map(|id| entry(&id.to_string(), "x")).collect();
    let error = batch(eleven).await.unwrap_err().into_service_error();
    assert!(error.is_too_many_entries_in_batch_request());
    let twice = vec![entry("a", "x"), entry("a", "y")];
    let error = batch(twice).await.unwrap_err().into_service_error();
    assert!(error.is_batch_entry_ids_not_distinct());
    let error = batch(vec![entry("a b", "x")]).await.unwrap_err().into_service_error();
    assert!(error.is_invalid_batch_entry_id());
    let half = "n".repeat(600_000);
    let result = batch(vec![entry("a", &half), entry("b", &half)]).await;
    assert_eq!(code(result), "AWS.SimpleQueueService.BatchRequestTooLong");
    assert!(receive(&client, &url, 0, 0).await.is_none());
}
