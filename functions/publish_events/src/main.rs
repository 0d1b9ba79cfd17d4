//! The function's binary: wiring.

use lambda_runtime::{LambdaEvent, service_fn};
use shared::lambda::{logs, runtime::Environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logs::init();
    let environment = Environment::read()?;
    let store = &environment.table()?;
    let (queue, unpublished_queue) = (&environment.events()?, &environment.unpublished()?);
    let handle = |event: LambdaEvent<_>| async move {
        let work = publish_events::handle(store, queue, unpublished_queue, event.payload, &event.context.request_id);
        Ok::<_, lambda_runtime::Error>(Box::pin(work).await)
    };
    lambda_runtime::run(service_fn(handle)).await
}
