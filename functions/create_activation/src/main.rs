//! The function's binary: wiring.

use shared::lambda::{environment::Environment, http, prewarm, runtime::Error};

shared::main!(run);

async fn run() -> Result<(), Error> {
    let environment = Environment::read()?;
    let (store, queue) = (environment.table()?, environment.queue()?);
    tokio::join!(prewarm::run("lease", store.prewarm()), prewarm::run("queue", queue.connect()));
    let context = Environment::api(store, queue)?;
    http::run("create_activation", |request| create_activation::handle(&context, request)).await
}
