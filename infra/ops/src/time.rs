//! Points in time on the command line.

use chrono::{NaiveDate, NaiveTime};
use shared::domain::time::{Timestamp, from_wire};

/// A point in time: `2026-11-23`, `2026-11-23 17:00:00` (UTC), or how long from now, `90m`, `2h`, `7days`.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// This one.
    At(Timestamp),
    /// This far from now.
    FromNow(chrono::Duration),
}

impl When {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN).and_utc());
        if let Some(at) = from_wire(text).or_else(day).or_else(|| text.parse().ok()) {
            return Ok(Self::At(at));
        }
        let duration = humantime::parse_duration(text).ok().and_then(|long| chrono::Duration::from_std(long).ok());
        duration.filter(|long| long.num_days() < 36_500).map(Self::FromNow).ok_or_else(|| {
            "must be a day `2026-11-23`, a time `2026-11-23 17:00:00` (UTC) or how long, such as `2h`".to_owned()
        })
    }

    /// As a time in the past.
    pub fn ago(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::FromNow(long) => now - long,
        }
    }

    /// As a time to come.
    pub fn ahead(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::FromNow(long) => now + long,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_times_and_spans_are_read() {
        let now = from_wire("2026-11-23 17:00:00").unwrap();
        let ago = |text: &str| When::parse(text).map(|when| when.ago(now).to_rfc3339());
        assert_eq!(ago("2026-11-20").unwrap(), "2026-11-20T00:00:00+00:00");
        assert_eq!(ago("2026-11-20 01:02:03").unwrap(), "2026-11-20T01:02:03+00:00");
        assert_eq!(ago("2026-11-20T01:02:03Z").unwrap(), "2026-11-20T01:02:03+00:00");
        assert_eq!(ago("2h").unwrap(), "2026-11-23T15:00:00+00:00");
        assert_eq!(When::parse("2h").unwrap().ahead(now).to_rfc3339(), "2026-11-23T19:00:00+00:00");
        for bad in ["", "yesterday", "2026-13-01", "2", "500000y"] {
            assert!(When::parse(bad).is_err(), "{bad}");
        }
    }
}
