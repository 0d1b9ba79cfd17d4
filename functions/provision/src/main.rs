//! The function's binary: wiring.

use lambda_runtime::{LambdaEvent, service_fn};
use shared::{
    lambda::{environment::Environment, logs, prewarm::ahead},
    use_case::provision::AT_ONCE,
};

#[global_allocator]
static ALLOCATOR: shared::lambda::Allocator = shared::lambda::Allocator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logs::init();
    let environment = Environment::read()?;
    let store = environment.table()?;
    ahead("table", store.connect_many(AT_ONCE)).await;
    let service = &Environment::service(store, environment.queue()?, ());
    let panel = &Environment::panel()?;
    let handle = |event: LambdaEvent<_>| async move {
        let time_left = || event.context.deadline().duration_since(std::time::SystemTime::now()).unwrap_or_default();
        let work = provision::handle(service, panel, event.payload, &event.context.request_id, &time_left);
        Ok::<_, lambda_runtime::Error>(Box::pin(work).await)
    };
    lambda_runtime::run(service_fn(handle)).await
}
