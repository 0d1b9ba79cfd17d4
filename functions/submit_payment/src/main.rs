//! The function's binary: wiring.

use shared::lambda::{http, logs, prewarm::ahead, runtime::Environment};

#[global_allocator]
static ALLOCATOR: shared::lambda::Allocator = shared::lambda::Allocator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    logs::init();
    let environment = Environment::read()?;
    let store = environment.table()?;
    ahead("table", store.connect()).await;
    let service = Environment::api(store, (), Environment::tokens()?)?;
    http::run("submit_payment", |request| submit_payment::handle(&service, request)).await
}
