//! What use cases work with.

use std::sync::Arc;

use super::rate_limit::RateLimits;
use crate::{domain::time::Timestamp, ports::Clock};

/// A store and a queue, which implement the ports that an action asks for, the clock and the rate limits.
#[derive(Clone)]
pub struct Context<S, Q = ()> {
    /// Orders, activations, catalogue, keys.
    pub store: S,
    /// The provisioning queue; `()` for actions that do not use it.
    pub queue: Q,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How fast one API key may send.
    pub limits: RateLimits,
}

impl<S, Q> Context<S, Q> {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
