//! A batch of the queue of events: each posted to its endpoint, each with its own fate.

use std::time::Duration;

use futures_util::future::join_all;

use crate::{
    domain::webhook::{MAX_ATTEMPTS, retry_after},
    ports::{Clock, Deliveries, QueueMessage, WebhookDelivery, WebhookEndpoints, WebhookSender},
};

/// How long an endpoint may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The endpoint has the event and answered with this status.
    Delivered(u16),
    /// The endpoint is gone or switched off: nobody waits for the event.
    Dropped,
    /// It is tried again.
    Again {
        /// Why.
        cause: String,
        /// After how long.
        delay: Duration,
    },
    /// That was the last attempt; it goes to the dead letters.
    GivenUp {
        /// Why.
        cause: String,
    },
}

/// A message with its fate.
#[derive(Debug)]
pub struct Report {
    /// The message.
    pub message: QueueMessage<WebhookDelivery>,
    /// What became of it.
    pub outcome: DeliveryOutcome,
}

impl Report {
    /// Is the message to be delivered again (for the last time into the dead letters)?
    pub fn is_again(&self) -> bool {
        matches!(self.outcome, DeliveryOutcome::Again { .. } | DeliveryOutcome::GivenUp { .. })
    }
}

/// Works off a batch, all its messages at once: none waits for another's endpoint.
pub async fn deliver_events<S: WebhookEndpoints, Q: Deliveries, C: WebhookSender>(
    store: &S,
    queue: &Q,
    sender: &C,
    clock: &dyn Clock,
    messages: Vec<QueueMessage<WebhookDelivery>>,
) -> Vec<Report> {
    let each = messages.into_iter().map(|message| async {
        let outcome = match deliver(store, sender, clock, message.body.as_ref()).await {
            Ok(outcome) => outcome,
            Err(cause) => postpone(queue, &message, cause).await,
        };
        Report { message, outcome }
    });
    join_all(each).await
}

async fn deliver<S: WebhookEndpoints, C: WebhookSender>(
    store: &S,
    sender: &C,
    clock: &dyn Clock,
    delivery: Option<&WebhookDelivery>,
) -> Result<DeliveryOutcome, String> {
    let delivery = delivery.ok_or("a message holds no event")?;
    let endpoint = store.endpoint(&delivery.endpoint).await.map_err(|cause| cause.to_string())?;
    let Some(endpoint) = endpoint.filter(|endpoint| !endpoint.disabled) else {
        return Ok(DeliveryOutcome::Dropped);
    };
    let posted = sender.post(&endpoint, &delivery.id, &delivery.body, clock.now(), PATIENCE).await;
    posted.map(DeliveryOutcome::Delivered).map_err(|cause| cause.to_string())
}

async fn postpone<Q: Deliveries>(queue: &Q, message: &QueueMessage<WebhookDelivery>, cause: String) -> DeliveryOutcome {
    // After the last attempt it is received once more at once, which moves it to the dead letters.
    let delay = if message.count >= MAX_ATTEMPTS { None } else { retry_after(message.count) };
    if let Err(error) = queue.postpone(&message.receipt, delay.unwrap_or_default()).await {
        // It waits out the queue's visibility timeout instead.
        tracing::warn!(cause = %error, "an event's next attempt could not be set");
    }
    match delay {
        Some(delay) => DeliveryOutcome::Again { cause, delay },
        None => DeliveryOutcome::GivenUp { cause },
    }
}
