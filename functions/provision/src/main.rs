//! The function's binary: wiring.

use lambda_runtime::{LambdaEvent, service_fn};
use shared::{
    lambda::{environment::Environment, prewarm, runtime::Error},
    use_case::provisioning::provision::MAX_CONCURRENT,
};

shared::main!(run);

async fn run() -> Result<(), Error> {
    let environment = Environment::read()?;
    let store = environment.table()?;
    prewarm::run("table", store.connect_many(MAX_CONCURRENT)).await;
    let context = &Environment::worker(store, environment.queue()?);
    let provisioner = &Environment::provisioner()?;
    let handle = |event: LambdaEvent<_>| async move {
        let time_left = || event.context.deadline().duration_since(std::time::SystemTime::now()).unwrap_or_default();
        let work = provision::handle(context, provisioner, event.payload, &event.context.request_id, &time_left);
        Ok::<_, Error>(Box::pin(work).await)
    };
    lambda_runtime::run(service_fn(handle)).await
}
