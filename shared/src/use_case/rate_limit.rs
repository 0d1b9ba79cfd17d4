//! How fast one key may send. Counted in the memory of one environment, without a call: a key that many environments serve
//! at once gets the rate in each of them. API Gateway's limits a route bound all of it together (infra/docs/security.md).

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::TimeDelta;

use crate::domain::{api_key::KeyHash, time::Timestamp};

/// A key that was quiet may send as much at once as it may in this many seconds.
const BURST_SECONDS: u32 = 5;

/// The limit, and how far each key has used it up. Clones share what they know. By default there is no limit.
#[derive(Clone, Default)]
pub struct RateLimits(Option<Arc<Limits>>);

/// The generic cell rate algorithm: for each key the time at which it will have used up nothing, were it quiet from now on.
struct Limits {
    interval: TimeDelta,
    burst: TimeDelta,
    /// By the key's hash. Only keys that exist are kept, so that strangers cannot fill the memory.
    idle_at: Mutex<HashMap<String, Timestamp>>,
}

impl RateLimits {
    /// So many requests a second and key; 0: no limit.
    pub fn per_second(rate: u32) -> Self {
        if rate == 0 {
            return Self::default();
        }
        let interval = TimeDelta::nanoseconds(1_000_000_000 / i64::from(rate));
        let burst = TimeDelta::seconds(i64::from(BURST_SECONDS));
        Self(Some(Arc::new(Limits { interval, burst, idle_at: Mutex::default() })))
    }

    /// The seconds for which a key must wait that has used up its rate. Changes nothing.
    pub fn wait(&self, key: &KeyHash, now: Timestamp) -> Option<u32> {
        let limits = self.0.as_ref()?;
        let known = limits.idle_at.lock().unwrap_or_else(PoisonError::into_inner);
        limits.wait(known.get(key.as_str()).copied()?, now)
    }

    /// Counts a request of a key that exists; the seconds to wait if it is one too many.
    pub fn count(&self, key: &KeyHash, now: Timestamp) -> Result<(), u32> {
        let Some(limits) = &self.0 else { return Ok(()) };
        let mut known = limits.idle_at.lock().unwrap_or_else(PoisonError::into_inner);
        let idle_at = known.entry(key.as_str().to_owned()).or_insert(now);
        if let Some(wait) = limits.wait(*idle_at, now) {
            return Err(wait);
        }
        *idle_at = (*idle_at).max(now) + limits.interval;
        Ok(())
    }
}

impl Limits {
    fn wait(&self, idle_at: Timestamp, now: Timestamp) -> Option<u32> {
        // A clock that was set back must not shut a key out for longer than a full burst does.
        let used = (idle_at - now).min(self.burst);
        let over = used + self.interval - self.burst;
        let nanoseconds = over.num_nanoseconds().unwrap_or_default();
        (nanoseconds > 0).then(|| u32::try_from((nanoseconds - 1) / 1_000_000_000 + 1).unwrap_or(1))
    }
}

impl fmt::Debug for RateLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "RateLimits" } else { "RateLimits(none)" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + TimeDelta::milliseconds(milliseconds)
    }

    #[test]
    fn a_burst_then_the_rate() {
        let limits = RateLimits::per_second(2);
        let key = KeyHash::of("one");
        let at_once = (0..50).filter(|_| limits.count(&key, at(0)).is_ok()).count();
        assert_eq!(at_once, 10, "five seconds' worth");
        assert_eq!(limits.count(&key, at(0)), Err(1));
        assert_eq!(limits.wait(&key, at(499)), Some(1));
        assert_eq!(limits.wait(&key, at(500)), None);
        assert_eq!(limits.count(&key, at(500)), Ok(()));
        assert_eq!(limits.count(&key, at(500)), Err(1));
        assert_eq!(limits.count(&KeyHash::of("another"), at(500)), Ok(()), "each key has a rate of its own");
    }

    #[test]
    fn a_clock_set_back_costs_one_burst_at_most() {
        let limits = RateLimits::per_second(1);
        let key = KeyHash::of("one");
        assert_eq!(limits.count(&key, at(3_600_000)), Ok(()));
        assert_eq!(limits.wait(&key, at(0)), Some(1), "an hour back");
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let limits = RateLimits::per_second(0);
        let key = KeyHash::of("one");
        assert!((0..10_000).all(|_| limits.count(&key, at(0)).is_ok()));
        assert_eq!(limits.wait(&key, at(0)), None);
    }

    proptest! {
        /// Whatever the times: never more than the rate and a burst, and a request that waits as told is let in.
        #[test]
        fn never_more_than_rate_and_burst(rate in 1u32..200, gaps in prop::collection::vec(0i64..2_000, 1..300)) {
            let limits = RateLimits::per_second(rate);
            let key = KeyHash::of("one");
            let (mut now, mut admitted) = (0, 0);
            for gap in gaps {
                now += gap;
                match limits.count(&key, at(now)) {
                    Ok(()) => admitted += 1,
                    Err(wait) => prop_assert_eq!(limits.wait(&key, at(now + i64::from(wait) * 1000)), None),
                }
            }
            let most = i64::from(rate) * (i64::from(BURST_SECONDS) * 1000 + now) / 1000 + 1;
            prop_assert!(admitted <= most, "{admitted} in {now} ms at {rate} a second");
        }
    }
}
