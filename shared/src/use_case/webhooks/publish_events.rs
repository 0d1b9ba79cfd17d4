//! From writes of orders to events in the queue, one message an event and endpoint, so that no endpoint waits for another.

use crate::{
    domain::{
        event::{self, Event},
        work_order::WorkOrder,
    },
    ports::{
        EventQueue, OrderWrite, PortError, StreamRecord, Unpublished, UnpublishedQueue, WebhookDelivery,
        WebhookEndpoints,
    },
};

/// Messages in one call: SQS's limit for a batch.
const BATCH_SIZE: usize = 10;

/// What became of a batch of the stream.
#[derive(Debug, Default)]
pub struct Published {
    /// Events queued, counted once for each endpoint.
    pub queued: u32,
    /// Records that cannot be understood and were put aside.
    pub parked: Vec<Unpublished>,
    /// Where it ended, and why: this record and those after it come again. Those before it are done.
    pub failed: Option<(String, PortError)>,
}

/// Publishes the events of `records`, in their order. `body` writes an event as endpoints get it. A record that cannot be
/// understood is put aside and holds nobody up; a fault that may pass ends the batch there.
pub async fn publish_events<S: WebhookEndpoints, Q: EventQueue, P: UnpublishedQueue>(
    store: &S,
    queue: &Q,
    unpublished_queue: &P,
    records: Vec<StreamRecord>,
    body: impl Fn(&Event, &WorkOrder) -> String,
) -> Published {
    let mut published = Published::default();
    let mut waiting: Vec<(String, WebhookDelivery)> = Vec::new();
    for record in records {
        let StreamRecord { pk, sequence_number, write } = record;
        match write {
            Ok(None) => {}
            Ok(Some(write)) => match outgoing(store, &write, &body).await {
                Ok(news) => waiting.extend(news.into_iter().map(|outgoing| (sequence_number.clone(), outgoing))),
                Err(cause) => {
                    send(queue, &mut published, &mut waiting, 1).await;
                    published.failed.get_or_insert((sequence_number, cause));
                    return published;
                }
            },
            Err(reason) => {
                let what = Unpublished { pk, sequence_number, reason };
                if let Err(cause) = unpublished_queue.send_unpublished(&what).await {
                    send(queue, &mut published, &mut waiting, 1).await;
                    published.failed.get_or_insert((what.sequence_number, cause));
                    return published;
                }
                published.parked.push(what);
            }
        }
        send(queue, &mut published, &mut waiting, BATCH_SIZE).await;
        if published.failed.is_some() {
            return published;
        }
    }
    send(queue, &mut published, &mut waiting, 1).await;
    published
}

async fn outgoing<S: WebhookEndpoints>(
    store: &S,
    write: &OrderWrite,
    body: &impl Fn(&Event, &WorkOrder) -> String,
) -> Result<Vec<WebhookDelivery>, PortError> {
    let events = event::events(write.old.as_ref(), &write.new);
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let endpoints = store.endpoints().await?;
    let mut news = Vec::new();
    for event in events {
        let wanted = endpoints.iter().filter(|endpoint| endpoint.wants(event.kind));
        news.extend(wanted.map(|endpoint| WebhookDelivery {
            endpoint: endpoint.id.clone(),
            id: event.id.clone(),
            kind: event.kind.to_string(),
            reference: write.new.reference().to_string(),
            body: body(&event, &write.new),
        }));
    }
    Ok(news)
}

/// Queues what waits, as long as `least` of it wait.
async fn send<Q: EventQueue>(
    queue: &Q,
    published: &mut Published,
    waiting: &mut Vec<(String, WebhookDelivery)>,
    least: usize,
) {
    while waiting.len() >= least {
        let batch: Vec<(String, WebhookDelivery)> = waiting.drain(..waiting.len().min(BATCH_SIZE)).collect();
        let (places, events): (Vec<String>, Vec<WebhookDelivery>) = batch.into_iter().unzip();
        if let Err(cause) = queue.send_events(&events).await {
            published.failed = places.into_iter().next().map(|place| (place, cause));
            return;
        }
        published.queued += u32::try_from(events.len()).unwrap_or(u32::MAX);
    }
}
