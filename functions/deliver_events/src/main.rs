//! The function's binary: wiring.

use lambda_runtime::{LambdaEvent, service_fn};
use shared::{
    lambda::{environment::Environment, logs},
    outbound::post::Outbound,
    ports::SystemClock,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logs::init();
    let environment = Environment::read()?;
    let (store, queue) = (&environment.table()?, &environment.events()?);
    let courier = &Outbound::new(Environment::events_reach()?);
    let handle = |event: LambdaEvent<_>| async move {
        let request_id = &event.context.request_id;
        let work = deliver_events::handle(store, queue, courier, &SystemClock, event.payload, request_id);
        Ok::<_, lambda_runtime::Error>(Box::pin(work).await)
    };
    lambda_runtime::run(service_fn(handle)).await
}
