//! The largest inputs: little memory, and time linear in their size.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::Duration;

use fuzz::{TARGETS, Target, meter::alone, stretch::large};
use rustix::time::{ClockId, clock_gettime};
use shared::lambda::request::MAX_BODY;

/// Seconds under which a time says nothing.
const NOISE: f64 = 0.02;

/// The memory is held to its limit by each run itself.
#[test]
fn large_inputs_take_little_memory_and_linear_time() {
    let _alone = alone();
    let mut slowest: f64 = 0.0;
    for target in &TARGETS {
        for (short, long) in large(target, MAX_BODY / 4).into_iter().zip(large(target, MAX_BODY)) {
            let shown = || shown(&long);
            let outcome = target.run(&long);
            assert_ne!(outcome, "413", "{}: too large to be looked at: {}", target.name, shown());
            // Four times the size: linear takes 4 times as long, quadratic 16 times. What is quicker than that is not measured:
            // a comparison of each byte with each other would take a minute, of each item with each other half a second.
            if time(target, &long, 1) < NOISE {
                continue;
            }
            let (quarter, whole) = (time(target, &short, 5), time(target, &long, 5));
            slowest = slowest.max(whole);
            assert!(
                whole < NOISE || whole < quarter * 10.0,
                "{}: {quarter} s, then {whole} s: {}",
                target.name,
                shown()
            );
        }
    }
    assert!(slowest < 5.0, "{slowest} s");
}

/// An input with what is said over and over left out.
fn shown(input: &[u8]) -> String {
    let lines = input.windows(48).scan(0, |same, part| {
        let repeats = part.iter().zip(part.iter().skip(1)).filter(|(a, b)| a == b).count() > 40;
        let again = part.first_chunk::<16>() == part.last_chunk::<16>() || repeats;
        *same = if again { *same + 1 } else { 0 };
        Some((*same < 24).then_some(part.first().copied()?))
    });
    lines.flatten().take(600).collect::<Vec<u8>>().escape_ascii().to_string()
}

/// The shortest of some times, in seconds of the processor's: others may use it too.
fn time(target: &Target, input: &[u8], times: u32) -> f64 {
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::try_from(now).unwrap()
    };
    let once = |_| {
        let began = now();
        target.run(input);
        now().saturating_sub(began).as_secs_f64()
    };
    (0..times).map(once).fold(f64::INFINITY, f64::min)
}
