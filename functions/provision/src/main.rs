//! The function's binary: wiring.

use lambda_runtime::{LambdaEvent, service_fn};
use shared::{
    lambda::{logs, prewarm::ahead, runtime::Environment},
    use_case::provisioning::provision::MAX_CONCURRENT,
};

#[global_allocator]
static ALLOCATOR: shared::lambda::Allocator = shared::lambda::Allocator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logs::init();
    let environment = Environment::read()?;
    let store = environment.table()?;
    ahead("table", store.connect_many(MAX_CONCURRENT)).await;
    let service = &Environment::service(store, environment.queue()?, ());
    let provisioner = &Environment::provisioner()?;
    let handle = |event: LambdaEvent<_>| async move {
        let time_left = || event.context.deadline().duration_since(std::time::SystemTime::now()).unwrap_or_default();
        let work = provision::handle(service, provisioner, event.payload, &event.context.request_id, &time_left);
        Ok::<_, lambda_runtime::Error>(Box::pin(work).await)
    };
    lambda_runtime::run(service_fn(handle)).await
}
