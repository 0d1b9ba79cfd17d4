//! The function's binary: wiring.

use lambda_runtime::{LambdaEvent, service_fn};
use serde::de::IgnoredAny;
use shared::lambda::{environment::Environment, runtime::Error};

shared::main!(run);

async fn run() -> Result<(), Error> {
    let environment = Environment::read()?;
    let context = &Environment::worker(environment.table()?, environment.queue()?);
    // What the schedule says of itself is of no interest, and its form depends on who scheduled.
    let handle = |event: LambdaEvent<IgnoredAny>| async move {
        Box::pin(sweep::handle(context, &event.context.request_id)).await.map_err(Error::from)
    };
    lambda_runtime::run(service_fn(handle)).await
}
