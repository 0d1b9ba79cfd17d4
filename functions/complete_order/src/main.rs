//! The function's binary: wiring.

use shared::lambda::{http, logs, prewarm::ahead, runtime::Environment};

#[global_allocator]
static ALLOCATOR: shared::lambda::Allocator = shared::lambda::Allocator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    logs::init();
    let environment = Environment::read()?;
    let (store, queue) = (environment.table()?, environment.queue()?);
    tokio::join!(ahead("lease", store.prewarm()), ahead("queue", queue.connect()));
    let service = Environment::api(store, queue, Environment::tokens()?)?;
    http::run("complete_order", |request| complete_order::handle(&service, request)).await
}
