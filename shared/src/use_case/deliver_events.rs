//! A batch of the queue of events: each posted to its endpoint, each with its own fate.

use std::time::Duration;

use futures_util::future::join_all;

use crate::{
    domain::webhook::{MAX_ATTEMPTS, retry_after},
    ports::{Clock, Courier, Deliveries, Endpoints, Outgoing},
};

/// How long an endpoint may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// One message.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its id, by which it is reported.
    pub message_id: String,
    /// Its receipt handle, by which it is postponed.
    pub receipt: String,
    /// The event and to whom; none if it cannot be read.
    pub outgoing: Option<Outgoing>,
    /// How often it has been delivered, this time included.
    pub count: u32,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
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
    pub delivery: Delivery,
    /// What became of it.
    pub outcome: Outcome,
}

impl Report {
    /// Is the message to be delivered again (for the last time into the dead letters)?
    pub fn is_again(&self) -> bool {
        matches!(self.outcome, Outcome::Again { .. } | Outcome::GivenUp { .. })
    }
}

/// Works off a batch, all its messages at once: none waits for another's endpoint.
pub async fn deliver_events<S: Endpoints, Q: Deliveries, C: Courier>(
    store: &S,
    queue: &Q,
    courier: &C,
    clock: &dyn Clock,
    deliveries: Vec<Delivery>,
) -> Vec<Report> {
    let each = deliveries.into_iter().map(|delivery| async {
        let outcome = match deliver(store, courier, clock, delivery.outgoing.as_ref()).await {
            Ok(outcome) => outcome,
            Err(cause) => postpone(queue, &delivery, cause).await,
        };
        Report { delivery, outcome }
    });
    join_all(each).await
}

async fn deliver<S: Endpoints, C: Courier>(
    store: &S,
    courier: &C,
    clock: &dyn Clock,
    outgoing: Option<&Outgoing>,
) -> Result<Outcome, String> {
    let outgoing = outgoing.ok_or("a message holds no event")?;
    let endpoint = store.endpoint(&outgoing.endpoint).await.map_err(|cause| cause.to_string())?;
    let Some(endpoint) = endpoint.filter(|endpoint| !endpoint.disabled) else {
        return Ok(Outcome::Dropped);
    };
    let posted = courier.post(&endpoint, &outgoing.id, &outgoing.body, clock.now(), PATIENCE).await;
    posted.map(Outcome::Delivered).map_err(|cause| cause.to_string())
}

async fn postpone<Q: Deliveries>(queue: &Q, delivery: &Delivery, cause: String) -> Outcome {
    // After the last attempt it is received once more at once, which moves it to the dead letters.
    let delay = if delivery.count >= MAX_ATTEMPTS { None } else { retry_after(delivery.count) };
    if let Err(error) = queue.postpone(&delivery.receipt, delay.unwrap_or_default()).await {
        // It waits out the queue's visibility timeout instead.
        tracing::warn!(cause = %error, "an event's next attempt could not be set");
    }
    match delay {
        Some(delay) => Outcome::Again { cause, delay },
        None => Outcome::GivenUp { cause },
    }
}
