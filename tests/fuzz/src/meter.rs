//! How much memory something takes. Counted over the whole process: whoever measures must be alone.

use std::sync::{Mutex, MutexGuard, PoisonError};

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most that an answer may take, in bytes, its request's body of up to 256 KiB included.
pub const MOST: usize = 8 * 1024 * 1024;

static ALONE: Mutex<()> = Mutex::new(());

/// Keeps other tests of this process waiting.
pub fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does the work, which must not take more than [`MOST`]. `held`: bytes of its input, which were taken before.
pub(crate) fn metered<T>(held: usize, work: impl FnOnce() -> T) -> T {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = work();
    let taken = MEMORY.peak_usage().saturating_sub(before) + held;
    assert!(taken <= MOST, "{taken} bytes were taken, {held} of them by what was sent");
    result
}
