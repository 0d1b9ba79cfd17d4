//! How much a test tries: all that it can where `TEST_DEPTH` is `full`, as `.ci/run` sets it; else what a person waits for.

/// Whether to try all.
pub fn is_full() -> bool {
    std::env::var("TEST_DEPTH").is_ok_and(|depth| depth == "full")
}

/// How many to try.
pub fn of<T>(full: T, usual: T) -> T {
    if is_full() { full } else { usual }
}

/// All of `cases`, or every `stride`th of them. Where `stride` and the number of kinds that follow each other in turn have no
/// common divisor, every kind is still met.
pub fn every<T>(cases: Vec<T>, stride: usize) -> Vec<T> {
    if is_full() { cases } else { cases.into_iter().step_by(stride).collect() }
}
