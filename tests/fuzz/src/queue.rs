//! The provisioning queue's event. Input: its JSON, a batch of up to 10 messages.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use serde_json::json;
use shared::{
    aws::sqs::from_body,
    ports::{NoProvisioner, OrderRef},
};

use crate::{
    meter::metered,
    world::{World, block_on},
};

/// Messages of a batch: template.yaml's `BatchSize`.
const BATCH: usize = 10;

/// Without a fault, exactly the messages that name no order that is there come back, and no message that was not sent.
pub(crate) fn sqs_event(input: &[u8]) -> String {
    let Ok(event) = serde_json::from_slice::<SqsEvent>(input) else { return "no-event".to_owned() };
    if event.records.len() > BATCH {
        return "no-event".to_owned();
    }
    let world = World::new();
    let orders: Vec<_> = world.store.all_orders().iter().map(|order| order.uuid).collect();
    let is_order = |body: &str| from_body(body).is_some_and(|name| orders.contains(&name.order));
    let mut wanted: Vec<String> = event
        .records
        .iter()
        .filter(|message| !message.body.as_deref().is_some_and(is_order))
        .map(|message| message.message_id.clone().unwrap_or_default())
        .collect();
    let messages = event.records.len();
    let mut named = consume(&world, event, input.len());
    wanted.sort();
    named.sort();
    assert_eq!(named, wanted, "the messages that come back");
    // What came back and is delivered once more comes back again; what was done stays done.
    match named.len() {
        0 if messages == 0 => "empty",
        0 => "done",
        some if some == messages => "again",
        _ => "some-again",
    }
    .to_owned()
}

/// Delivers an order's message; the ids of the messages that come back.
pub(crate) fn deliver(world: &World, name: &OrderRef) -> Vec<String> {
    let body = shared::aws::sqs::to_body(*name).expect("a message");
    let event = json!({ "Records": [{ "messageId": "message-1", "receiptHandle": "receipt-1", "body": body }] });
    consume(world, serde_json::from_value(event).expect("an event"), body.len())
}

fn consume(world: &World, event: SqsEvent, held: usize) -> Vec<String> {
    let time_left = || Duration::from_secs(60);
    let work = || block_on(provision::handle(&world.context, &NoProvisioner, event, "request-1", &time_left));
    let response: SqsBatchResponse = metered(held, work);
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}
