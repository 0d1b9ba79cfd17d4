//! The way of an event: the table's stream, the queue of events, the endpoints.

use std::{
    collections::BTreeSet,
    hash::{Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use shared::{
    domain::{
        event::EventKind,
        time::Timestamp,
        webhook::{MAX_ATTEMPTS, WebhookEndpoint, WebhookEndpointId, WebhookSecret},
    },
    ports::{
        Deliveries, EventQueue, Insert, OrderWrite, PortError, QueueMessage, StreamRecord, Unpublished,
        UnpublishedQueue, WebhookDelivery, WebhookEndpoints, WebhookError, WebhookSender,
    },
};
use uuid::Uuid;

use super::{
    Kind, Ports, Turn, World,
    digest::{Key, digest},
    queue::{Messages, due},
};

/// A record of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum StreamItem {
    /// The write of an order that made this of its versions, from 0.
    Write(Uuid, usize),
    /// Something that nobody can read.
    RequestError,
}

/// An event in the queue.
#[derive(Debug, Clone)]
pub(crate) struct Sent(pub(crate) Arc<WebhookDelivery>);

impl Sent {
    fn name(&self) -> String {
        format!("{} {}", self.0.endpoint, self.0.id)
    }
}

impl Hash for Sent {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.0.endpoint, &self.0.id, &self.0.body).hash(state);
    }
}

pub(super) fn queue() -> Messages<Sent> {
    Messages::new(MAX_ATTEMPTS)
}

/// One that is told everything, one that is told how orders end, one that is switched off.
pub(crate) fn endpoints(now: Timestamp) -> Vec<WebhookEndpoint> {
    let endpoint = |name: &str, events: &[EventKind], disabled| WebhookEndpoint {
        id: WebhookEndpointId(name.to_owned()),
        url: format!("https://{name}.example/"),
        events: events.iter().copied().collect(),
        secret: WebhookSecret("whsec_c2VjcmV0".to_owned()),
        created_at: now,
        disabled,
    };
    vec![
        endpoint("ep_all", &[], false),
        endpoint("ep_ends", &[EventKind::OrderCompleted, EventKind::OrderCanceled], false),
        endpoint("ep_off", &[], true),
    ]
}

impl WebhookEndpoints for Ports {
    async fn endpoints(&self) -> Result<Vec<WebhookEndpoint>, PortError> {
        self.step(Kind::Read, "read endpoints", &[Key::WebhookEndpoints], |_| self.world.state().endpoints.clone())
            .await
    }

    async fn endpoint(&self, id: &WebhookEndpointId) -> Result<Option<WebhookEndpoint>, PortError> {
        self.step(Kind::Read, "read endpoint", &[Key::About(id.to_string())], |_| {
            self.world.state().endpoints.iter().find(|endpoint| endpoint.id == *id).cloned()
        })
        .await
    }

    async fn add_endpoint(&self, _: &WebhookEndpoint) -> Result<Insert<()>, PortError> {
        Err(PortError::Corrupt("nobody adds endpoints here".to_owned()))
    }

    async fn remove_endpoint(&self, _: &WebhookEndpointId) -> Result<bool, PortError> {
        Err(PortError::Corrupt("nobody removes endpoints here".to_owned()))
    }
}

impl UnpublishedQueue for Ports {
    async fn send_unpublished(&self, what: &Unpublished) -> Result<(), PortError> {
        self.step(Kind::Write, "put aside", &[], |_| {
            self.world.state().parked.insert(what.sequence_number.clone());
        })
        .await
    }
}

impl WebhookSender for Ports {
    async fn post(
        &self,
        endpoint: &WebhookEndpoint,
        id: &str,
        body: &str,
        _: Timestamp,
        _: Duration,
    ) -> Result<u16, WebhookError> {
        let about = [Key::About(format!("{} {id}", endpoint.id))];
        let told = self.step(Kind::Post, "post event", &about, |turn| {
            let mut state = self.world.state();
            if turn == Turn::Refuse {
                return Err(WebhookError::Status(503));
            }
            state.received.entry((endpoint.id.clone(), id.to_owned())).or_default().insert(body.to_owned());
            Ok(204)
        });
        told.await.unwrap_or_else(|cause| Err(WebhookError::Unreachable(cause.to_string())))
    }
}

/// The queue of events, as one of those who take steps uses it.
#[derive(Clone)]
pub(crate) struct Events(pub(crate) Ports);

impl EventQueue for Events {
    async fn send_events(&self, events: &[WebhookDelivery]) -> Result<(), PortError> {
        let world = &self.0.world;
        let sent = self.0.step(Kind::SendBatch, "queue events", &[], |turn| {
            let many = if turn == Turn::Half { events.len() / 2 } else { events.len() };
            let mut state = world.state();
            let now = state.now;
            for event in &events[..many] {
                state.events.put(Sent(Arc::new(event.clone())), 0, now);
            }
            turn != Turn::Half
        });
        let whole = sent.await?;
        if whole { Ok(()) } else { Err(PortError::Unavailable("queue events: some could not be queued".to_owned())) }
    }
}

impl Deliveries for Events {
    async fn postpone(&self, receipt: &str, delay: Duration) -> Result<(), PortError> {
        let world = &self.0.world;
        let about = world.state().events.about(receipt).map(|event| Key::About(event.name()));
        let step = self.0.step(Kind::Write, "postpone event", about.as_slice(), |_| {
            let mut state = world.state();
            let until = due(state.now, delay);
            state.events.postpone(receipt, until);
        });
        step.await
    }
}

impl Ports {
    /// The next records of the stream, up to `batch`.
    pub(crate) async fn read_stream(&self, batch: usize) -> Vec<StreamRecord> {
        let _plain = self.turn(Kind::ReadStream, "read stream").await;
        let mut state = self.world.state();
        let from = state.published;
        let items: Vec<StreamItem> = state.stream[from..].iter().copied().take(batch).collect();
        let record = |(place, item): (usize, &StreamItem)| {
            let (pk, write) = match item {
                StreamItem::RequestError => ("order#?".to_owned(), Err("it cannot be read".to_owned())),
                StreamItem::Write(uuid, version) => {
                    let versions = &state.versions[uuid];
                    let old = version.checked_sub(1).map(|before| versions[before].clone());
                    let write = OrderWrite { old, new: versions[*version].clone() };
                    (format!("order#{uuid}"), Ok(Some(Box::new(write))))
                }
            };
            StreamRecord { pk, sequence_number: (from + place).to_string(), write }
        };
        let records = items.iter().enumerate().map(record).collect();
        let actor = &mut state.actors[self.who];
        actor.seen = digest(&(actor.seen, from, items));
        records
    }

    /// Takes up to `batch` events.
    pub(crate) async fn receive_events(&self, batch: usize) -> Vec<QueueMessage<WebhookDelivery>> {
        let turn = self.turn(Kind::ReceiveEvents, "receive events").await;
        let mut state = self.world.state();
        let now = state.now;
        let taken = state.events.take(batch, now, turn);
        let seen: Vec<_> = taken.iter().map(|message| (&message.about, message.count)).collect();
        let seen = digest(&seen);
        let actor = &mut state.actors[self.who];
        actor.seen = digest(&(actor.seen, turn, seen));
        let delivery = |message: super::queue::Message<Sent>| QueueMessage {
            message_id: message.id.to_string(),
            receipt: message.id.to_string(),
            body: Some((*message.about.0).clone()),
            count: message.count,
        };
        taken.into_iter().map(delivery).collect()
    }

    /// Deletes these events, in one call.
    pub(crate) async fn delete_events(&self, ids: &[String]) {
        // A fault here leaves events that are delivered again.
        let _again = self.step(Kind::Delete, "delete events", &[], |_| self.world.state().events.delete(ids)).await;
    }
}

impl World {
    /// The stream has been read up to here: what Lambda keeps of an invocation that came to its end.
    pub(crate) fn published_to(&self, place: usize) {
        self.state().published = place;
    }

    /// All there is of events, as a number; nothing where nobody reads the stream before all is over.
    pub(super) fn events_digest(&self) -> u64 {
        let state = self.state();
        if !state.streaming {
            return 0;
        }
        let received: BTreeSet<_> =
            state.received.iter().map(|(endpoint_and_id, bodies)| (endpoint_and_id, bodies.len())).collect();
        digest(&(state.stream.get(state.published..), state.published, &state.parked, state.events.digest(), received))
    }
}
