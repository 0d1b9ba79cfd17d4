//! The time.

use crate::domain::time::Timestamp;

/// The time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        use chrono::SubsecRound;
        // Times are stored to the millisecond; what is not cut off here would not come back.
        chrono::Utc::now().trunc_subsecs(3)
    }
}
