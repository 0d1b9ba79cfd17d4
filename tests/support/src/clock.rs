//! A clock that a test sets.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use shared::{
    domain::time::{Timestamp, from_wire},
    ports::Clock,
};

/// Stands still until it is moved. Clones are one clock.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub fn at(text: &str) -> Self {
        Self(Arc::new(AtomicI64::new(from_wire(text).unwrap().timestamp_millis())))
    }

    /// Another clock that shows the same at this moment.
    #[must_use]
    pub fn another(&self) -> Self {
        Self(Arc::new(AtomicI64::new(self.0.load(Ordering::SeqCst))))
    }

    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}
