//! The function's binary: wiring.

use lambda_runtime::{LambdaEvent, service_fn};
use shared::{
    lambda::{environment::Environment, runtime::Error},
    outbound::post::OutboundClient,
    ports::SystemClock,
};

shared::main!(run);

async fn run() -> Result<(), Error> {
    let environment = Environment::read()?;
    let (store, queue) = (&environment.table()?, &environment.events()?);
    let sender = &OutboundClient::new(Environment::webhook_address_policy()?);
    let handle = |event: LambdaEvent<_>| async move {
        let request_id = &event.context.request_id;
        let work = deliver_events::handle(store, queue, sender, &SystemClock, event.payload, request_id);
        Ok::<_, Error>(Box::pin(work).await)
    };
    lambda_runtime::run(service_fn(handle)).await
}
