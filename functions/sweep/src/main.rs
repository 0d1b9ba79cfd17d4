//! The function's binary: wiring.

use lambda_runtime::{LambdaEvent, service_fn};
use serde::de::IgnoredAny;
use shared::lambda::{logs, runtime::Environment};

#[global_allocator]
static ALLOCATOR: shared::lambda::Allocator = shared::lambda::Allocator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logs::init();
    let environment = Environment::read()?;
    let service = &Environment::service(environment.table()?, environment.queue()?, ());
    // What the schedule says of itself is of no interest, and its form depends on who scheduled.
    let handle = |event: LambdaEvent<IgnoredAny>| async move {
        Box::pin(sweep::handle(service, &event.context.request_id)).await.map_err(lambda_runtime::Error::from)
    };
    lambda_runtime::run(service_fn(handle)).await
}
