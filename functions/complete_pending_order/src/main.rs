//! The function's binary: wiring.

use shared::lambda::{http, logs, prewarm::ahead, runtime::Environment};

#[global_allocator]
static ALLOCATOR: shared::lambda::Allocator = shared::lambda::Allocator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    logs::init();
    let environment = Environment::read()?;
    let (store, queue) = (environment.table()?, environment.queue()?);
    tokio::join!(ahead("table", store.connect()), ahead("queue", queue.connect()));
    let service = Environment::api(store, queue, ())?;
    http::run("complete_pending_order", |request| complete_pending_order::handle(&service, request)).await
}
