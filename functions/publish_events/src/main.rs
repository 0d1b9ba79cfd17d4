//! The function's binary: wiring.

use lambda_runtime::{LambdaEvent, service_fn};
use shared::lambda::{environment::Environment, runtime::Error};

shared::main!(run);

async fn run() -> Result<(), Error> {
    let environment = Environment::read()?;
    let store = &environment.table()?;
    let (queue, unpublished_queue) = (&environment.events()?, &environment.unpublished()?);
    let handle = |event: LambdaEvent<_>| async move {
        let work = publish_events::handle(store, queue, unpublished_queue, event.payload, &event.context.request_id);
        Ok::<_, Error>(Box::pin(work).await)
    };
    lambda_runtime::run(service_fn(handle)).await
}
