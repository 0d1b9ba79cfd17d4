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
    let service = Environment::api(store, queue, ())?;
    http::run("create_activation", |request| create_activation::handle(&service, request)).await
}
