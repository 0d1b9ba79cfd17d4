//! The counter of numbers and the table's hottest keys at up to 10,000 orders a second, in virtual time: the leases are
//! those that the functions hold. What follows from it: infra/docs/scale.md.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    aws::dynamodb::{
        CACHE_FOR,
        layout::{OPEN_PARTS, open_key, open_part},
        lease::Lease,
    },
    domain::{status::Status, time::Timestamp},
};
use uuid::Uuid;

/// What a partition takes in a second; an item is on one partition.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>
const WRITES: u64 = 1_000;
const READS: u64 = 3_000;
/// Environments that Lambda adds to a function every ten seconds.
/// <https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html>
const ADDED: usize = 1_000;
/// Requests a second that Lambda counts an environment for, however short they are.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests>
const OF_AN_ENVIRONMENT: u64 = 10;

/// Environments of the functions that make orders, over one counter.
struct Fleet {
    start: Timestamp,
    environments: Vec<Lease>,
    /// The counter's item.
    next: u64,
    /// Numbers given, by number.
    given: Vec<bool>,
    /// Writes on the counter, by second.
    writes: BTreeMap<u64, u64>,
}

/// What a run came to.
#[derive(Debug)]
struct Outcome {
    orders: u64,
    /// Writes on the counter in its busiest second, and the mean of the last minute.
    peak: u64,
    steady: u64,
    /// Numbers that were leased and never given.
    gaps: u64,
}

impl Fleet {
    fn new() -> Self {
        let start = Timestamp::UNIX_EPOCH + Duration::from_secs(1_795_453_531);
        Self { start, environments: Vec::new(), next: 1, given: Vec::new(), writes: BTreeMap::new() }
    }

    fn at(&self, millis: u64) -> Timestamp {
        self.start + Duration::from_millis(millis)
    }

    fn lease(&mut self, environment: usize, millis: u64) {
        let now = self.at(millis);
        let lease = &mut self.environments[environment];
        let block = lease.next_block(now);
        self.next += u64::from(block);
        lease.fill(self.next, block, now);
        *self.writes.entry(millis / 1_000).or_default() += 1;
    }

    /// An environment starts: it leases its first number in init.
    fn add(&mut self, millis: u64) {
        self.environments.push(Lease::default());
        self.lease(self.environments.len() - 1, millis);
    }

    /// An order in one environment.
    fn order(&mut self, environment: usize, millis: u64) {
        let now = self.at(millis);
        let number = loop {
            if let Some(number) = self.environments[environment].take(now) {
                break usize::try_from(number.0).unwrap();
            }
            self.lease(environment, millis);
        };
        self.given.resize(self.given.len().max(number + 1), false);
        assert!(!std::mem::replace(&mut self.given[number], true), "the number {number} was given twice");
    }

    fn outcome(&self, seconds: u64) -> Outcome {
        let orders = u64::try_from(self.given.iter().filter(|given| **given).count()).unwrap();
        let steady = self.writes.range(seconds - 60..).map(|(_, writes)| writes).sum::<u64>() / 60;
        let peak = self.writes.values().copied().max().unwrap_or_default();
        Outcome { orders, peak, steady, gaps: self.next - 1 - orders }
    }
}

/// `environments` that come as fast as Lambda adds them, each with `each` orders a second: as many as it can take, for it
/// takes one at a time.
fn run(environments: usize, each: u64, seconds: u64) -> Outcome {
    assert!(each <= OF_AN_ENVIRONMENT, "Lambda would have added environments");
    let mut fleet = Fleet::new();
    for second in 0..seconds {
        let wanted = environments.min(ADDED * usize::try_from(second / 10 + 1).unwrap());
        // Those of a wave come up within the ten seconds.
        let here = wanted.min(fleet.environments.len() + ADDED.div_ceil(10));
        while fleet.environments.len() < here {
            fleet.add(second * 1_000);
        }
        for order in 0..each {
            for environment in 0..fleet.environments.len() {
                fleet.order(environment, second * 1_000 + order * 1_000 / each);
            }
        }
    }
    let outcome = fleet.outcome(seconds);
    eprintln!("{environments:>6} environments, {each:>3} orders a second each: {outcome:?}");
    outcome
}

#[test]
fn one_environment_leases_seldom_and_wastes_little() {
    let busy = run(1, OF_AN_ENVIRONMENT, 300);
    assert_eq!(busy.orders, OF_AN_ENVIRONMENT * 300);
    assert!(busy.peak <= 6 && busy.steady <= 1 && busy.gaps <= 256, "{busy:?}");
}

#[test]
fn a_hundred_environments_stay_far_below_what_an_item_takes() {
    let busy = run(100, OF_AN_ENVIRONMENT, 120);
    assert!(busy.peak <= WRITES && busy.steady <= 30, "{busy:?}");
}

#[test]
fn ten_thousand_environments_stay_below_what_an_item_takes() {
    // Ten times what 10,000 orders a second need: every request takes a second here.
    let busy = run(10_000, 1, 300);
    assert!(busy.orders > 10_000 * 190, "{busy:?}");
    assert!(busy.peak <= WRITES && busy.steady <= 400, "{busy:?}");
}

#[test]
fn as_many_environments_as_ten_thousand_orders_need_lease_seldom() {
    let busy = run(1_000, OF_AN_ENVIRONMENT, 180);
    assert!(busy.peak <= WRITES && busy.steady <= 100, "{busy:?}");
}

#[test]
fn a_small_shop_has_dense_numbers() {
    let mut fleet = Fleet::new();
    fleet.add(0);
    // An order every 70 seconds for a day.
    for order in 1..=1_234 {
        fleet.order(0, order * 70_000);
    }
    let outcome = fleet.outcome(86_400);
    assert!(outcome.gaps <= 1, "{outcome:?}");
}

#[test]
fn a_days_hottest_keys_are_within_a_partition() {
    // The hours of a day in percent of the busiest: nights are quiet, evenings busy.
    const DAY: [u64; 24] =
        [20, 12, 8, 6, 5, 6, 10, 18, 30, 42, 50, 55, 60, 58, 55, 56, 62, 72, 85, 96, 100, 92, 66, 38];
    const BUSIEST: u64 = 10_000;
    let mut hottest: BTreeMap<&str, u64> = BTreeMap::new();
    for (hour, percent) in DAY.into_iter().enumerate() {
        let orders = BUSIEST * percent / 100;
        // A second of that hour: each order enters its part of the index `open` when it is made, and leaves it when it is
        // provisioned; both are writes of an entry below 1 KB.
        let mut parts: BTreeMap<String, u64> = BTreeMap::new();
        for order in 0..orders {
            let uuid = uuid_of(hour as u64 * BUSIEST + order);
            assert!(open_part(uuid) < OPEN_PARTS);
            *parts.entry(open_key(Status::Queued, open_part(uuid))).or_default() += 2;
        }
        let mut note = |key, count: u64| {
            let hottest = hottest.entry(key).or_default();
            *hottest = count.max(*hottest);
        };
        note("open, writes", parts.into_values().max().unwrap());
        // Each environment reads key, product, method and bouquets again when its memory is too old: consistently, one unit
        // each, of which all but the key's are on the partition key `catalogue`. Half as many environments spare.
        let environments = (orders * 3 / 2).div_ceil(OF_AN_ENVIRONMENT);
        note("catalogue, reads", (environments * 4).div_ceil(CACHE_FOR.as_secs()));
        note("an API key, reads", environments.div_ceil(CACHE_FOR.as_secs()));
    }
    eprintln!("hottest in a second: {hottest:?}");
    assert!(hottest["open, writes"] <= WRITES, "{hottest:?}");
    assert!(hottest["catalogue, reads"] <= READS && hottest["an API key, reads"] <= READS, "{hottest:?}");
}

/// A uuid as an order has it: of a hash.
fn uuid_of(order: u64) -> Uuid {
    // Steele and others, "Fast splittable pseudorandom number generators": each bit depends on all of the order's.
    let mix = |seed: u64| {
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    Uuid::new_v8((u128::from(mix(order)) << 64 | u128::from(mix(!order))).to_be_bytes())
}
