//! The function's binary: wiring.

use shared::lambda::{environment::Environment, http, prewarm, runtime::Error};

shared::main!(run);

async fn run() -> Result<(), Error> {
    let environment = Environment::read()?;
    let (store, queue) = (environment.table()?, environment.queue()?);
    tokio::join!(prewarm::run("table", store.connect()), prewarm::run("queue", queue.connect()));
    let context = Environment::api(store, queue)?;
    http::run("complete_pending_order", |request| complete_pending_order::handle(&context, request)).await
}
