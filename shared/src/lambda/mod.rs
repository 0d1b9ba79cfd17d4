//! What every function's binary needs: its environment, AWS clients, logs and metrics, and the way from an event to a reply.

pub mod http;
pub mod logs;
pub mod metrics;
pub mod panelr;
pub mod prewarm;
pub mod reply;
pub mod runtime;
pub mod shoppex;

/// The functions' allocator. A request makes some 2,000 small allocations; this one takes a third of glibc's instructions for
/// them (infra/docs/decisions.md).
pub use mimalloc::MiMalloc as Allocator;
