//! Endpoints that events are sent to, and how patiently.

use std::{collections::BTreeSet, fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{event::EventKind, time::Timestamp};

/// Names an endpoint: `ep_` and 12 hexadecimal digits. Stands in messages and logs in place of the URL, in which some
/// receivers put a secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebhookEndpointId(pub String);

impl fmt::Display for WebhookEndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The secret that an endpoint's messages are signed with, `whsec_` and Base64, as the receiver has it too. Debug prints
/// none of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebhookSecret(pub String);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndpointSecret(…)")
    }
}

/// Somebody who is told of events.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    /// Its name.
    pub id: WebhookEndpointId,
    /// Where events are posted.
    pub url: String,
    /// The kinds it wants; empty: all of them, those too that are yet to come.
    pub events: BTreeSet<EventKind>,
    /// Signs what it gets.
    pub secret: WebhookSecret,
    /// When it was added.
    pub created_at: Timestamp,
    /// Is it left out for now?
    #[serde(default)]
    pub disabled: bool,
}

impl WebhookEndpoint {
    /// Is it to be told of this?
    pub fn wants(&self, kind: EventKind) -> bool {
        !self.disabled && (self.events.is_empty() || self.events.contains(&kind))
    }
}

impl fmt::Debug for WebhookEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", self.id)
    }
}

/// Attempts to deliver an event to an endpoint before it rests in the dead letters: the queue's `maxReceiveCount`.
pub const MAX_ATTEMPTS: u32 = 6;

/// How long an event waits after its `attempt`th failed attempt (from 1): 5 and 30 seconds, 2 and 10 minutes, an hour; none
/// when that was the last.
pub fn retry_after(attempt: u32) -> Option<Duration> {
    const SECONDS: [u64; 5] = [5, 30, 120, 600, 3_600];
    let index = usize::try_from(attempt.saturating_sub(1)).ok()?;
    SECONDS.get(index).copied().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_ends_with_the_attempts() {
        let waits: Vec<_> = (1..=MAX_ATTEMPTS).map(|attempt| retry_after(attempt).map(|wait| wait.as_secs())).collect();
        assert_eq!(waits, [Some(5), Some(30), Some(120), Some(600), Some(3_600), None]);
    }

    #[test]
    fn an_endpoint_gets_what_it_wants_and_its_secret_is_printed_nowhere() {
        let mut endpoint = WebhookEndpoint {
            id: WebhookEndpointId("ep_0123456789ab".into()),
            url: "https://shop.example/hooks/secret-path".into(),
            events: BTreeSet::new(),
            secret: WebhookSecret("whsec_c2VjcmV0".into()),
            created_at: Timestamp::UNIX_EPOCH,
            disabled: false,
        };
        assert!(EventKind::ALL.into_iter().all(|kind| endpoint.wants(kind)));
        endpoint.events = BTreeSet::from([EventKind::OrderFailed]);
        assert!(endpoint.wants(EventKind::OrderFailed) && !endpoint.wants(EventKind::OrderQueued));
        endpoint.disabled = true;
        assert!(!endpoint.wants(EventKind::OrderFailed));
        let printed = format!("{endpoint:?} {:?}", endpoint.secret);
        assert!(!printed.contains("secret-path") && !printed.contains("whsec"), "{printed}");
    }
}
