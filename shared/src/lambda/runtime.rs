//! The start of every function's binary, which [`main!`](crate::main) writes.

pub use lambda_runtime::Error;
/// The functions' allocator. A request makes some 2,000 small allocations; this one takes a third of glibc's instructions for
/// them (infra/docs/decisions.md).
pub use mimalloc::MiMalloc as Allocator;

/// Sets up logs and metrics, then runs `run` on one thread: a function serves one request at a time. `package` is the
/// function's crate, whose log events are written as those of [`shared`](crate) are.
pub fn start(package: &'static str, run: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    super::logs::init(package);
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run)
}

/// The `main` of a function's binary, with the allocator: `shared::main!(run)` starts `async fn run() -> Result<(), Error>`.
#[macro_export]
macro_rules! main {
    ($run:path) => {
        #[global_allocator]
        static ALLOCATOR: $crate::lambda::runtime::Allocator = $crate::lambda::runtime::Allocator;

        fn main() -> Result<(), $crate::lambda::runtime::Error> {
            $crate::lambda::runtime::start(env!("CARGO_PKG_NAME"), $run())
        }
    };
}
