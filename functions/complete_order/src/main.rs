//! The function's binary: wiring.

use shared::lambda::{environment::Environment, http, prewarm, runtime::Error};

shared::main!(run);

async fn run() -> Result<(), Error> {
    let environment = Environment::read()?;
    let (store, queue) = (environment.table()?, environment.queue()?);
    tokio::join!(prewarm::run("lease", store.prewarm()), prewarm::run("queue", queue.connect()));
    let context = Environment::api(store, queue)?;
    let tokens = Environment::tokens()?;
    http::run("complete_order", |request| complete_order::handle(&context, &tokens, request)).await
}
