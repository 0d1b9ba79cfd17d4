//! The function's binary: wiring.

use shared::lambda::{http, logs, prewarm::ahead, runtime::Environment};
use shared::ports::NoQueue;

#[global_allocator]
static ALLOCATOR: shared::lambda::Allocator = shared::lambda::Allocator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    logs::init();
    let environment = Environment::read()?;
    let store = environment.table()?;
    ahead("lease", store.prewarm()).await;
    let service = Environment::api(store, NoQueue, Environment::tokens()?)?;
    http::run("create_work_order", |request| create_work_order::handle(&service, request)).await
}
