//! Leases of work order numbers. An environment takes a block of numbers in one write and hands them out from memory; how
//! large a block depends on how fast the last one went, so that a small shop's numbers stay dense and a busy one's
//! counter stays cool (one item takes about 1,000 writes a second:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>).

use std::{collections::BTreeSet, time::Duration};

use crate::domain::{ids::WorkOrderId, time::Timestamp};

/// A block that went within this time is followed by one of twice its size.
pub const FAST: Duration = Duration::from_secs(30);
/// A block that lasted longer than this is followed by one of half its size.
pub const SLOW: Duration = Duration::from_secs(120);
/// The largest block.
pub const MAX_BLOCK: u32 = 256;

/// The numbers an environment holds.
#[derive(Debug, Default)]
pub struct Lease {
    free: BTreeSet<u64>,
    last: Option<(u32, Timestamp)>,
}

impl Lease {
    /// The lowest number it holds, if it holds any. Numbers of a block that has lasted too long are dropped: lists are
    /// newest first by number, and an order made now under a number of an hour ago would stand an hour down.
    pub fn take(&mut self, now: Timestamp) -> Option<WorkOrderId> {
        if self.last.is_some_and(|(_, leased_at)| (now - leased_at).to_std().is_ok_and(|lasted| lasted > SLOW)) {
            self.free.clear();
        }
        self.free.pop_first().map(WorkOrderId)
    }

    /// Takes back a number that stands nowhere.
    pub fn give_back(&mut self, number: WorkOrderId) {
        self.free.insert(number.0);
    }

    /// How many numbers to ask for when none is left at `now`.
    pub fn next_block(&self, now: Timestamp) -> u32 {
        let Some((block, leased_at)) = self.last else { return 1 };
        // A clock that was set back makes the last block look unspent for no time: as if it went fast.
        match (now - leased_at).to_std().unwrap_or_default() {
            lasted if lasted <= FAST => (block * 2).min(MAX_BLOCK),
            lasted if lasted > SLOW => (block / 2).max(1),
            _ => block,
        }
    }

    /// Adds a block of `block` numbers that ends before `end`, leased at `now`.
    pub fn fill(&mut self, end: u64, block: u32, now: Timestamp) {
        self.free.extend(end.saturating_sub(u64::from(block))..end);
        self.last = Some((block, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_the_pace() {
        let mut lease = Lease::default();
        let mut now = Timestamp::UNIX_EPOCH;
        let mut end = 1;
        let mut next = |lease: &mut Lease, after: u64| {
            while lease.take(now).is_some() {}
            now += Duration::from_secs(after);
            let block = lease.next_block(now);
            end += u64::from(block);
            lease.fill(end, block, now);
            block
        };
        let fast: Vec<u32> = (0..10).map(|_| next(&mut lease, 1)).collect();
        assert_eq!(fast, [1, 2, 4, 8, 16, 32, 64, 128, 256, 256]);
        assert_eq!(next(&mut lease, 60), 256);
        let slow: Vec<u32> = (0..9).map(|_| next(&mut lease, 121)).collect();
        assert_eq!(slow, [128, 64, 32, 16, 8, 4, 2, 1, 1]);
    }

    #[test]
    fn numbers_are_handed_out_in_order_and_again_only_when_given_back() {
        let mut lease = Lease::default();
        lease.fill(46, 4, Timestamp::UNIX_EPOCH);
        let mut take = || lease.take(Timestamp::UNIX_EPOCH).map(|number| number.0);
        assert_eq!([take(), take(), take()], [Some(42), Some(43), Some(44)]);
        lease.give_back(WorkOrderId(43));
        let mut take = || lease.take(Timestamp::UNIX_EPOCH).map(|number| number.0);
        assert_eq!([take(), take(), take()], [Some(43), Some(45), None]);
    }

    #[test]
    fn numbers_that_were_held_for_long_are_dropped() {
        let mut lease = Lease::default();
        lease.fill(46, 4, Timestamp::UNIX_EPOCH);
        assert!(lease.take(Timestamp::UNIX_EPOCH + SLOW).is_some());
        assert_eq!(lease.take(Timestamp::UNIX_EPOCH + SLOW + Duration::from_secs(1)), None);
    }
}
