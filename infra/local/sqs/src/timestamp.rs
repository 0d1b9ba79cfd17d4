//! The system clock in the units that SQS reports.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn since_epoch() -> Duration {
    // A clock set before 1970 reads as 1970: a timestamp is a report here, nothing is decided by it.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Milliseconds since the Unix epoch, the unit of message timestamps.
pub(crate) fn epoch_millis() -> u64 {
    u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX)
}

/// Seconds since the Unix epoch, the unit of queue timestamps.
pub(crate) fn epoch_seconds() -> u64 {
    since_epoch().as_secs()
}
