//! The function's binary: wiring.

use shared::lambda::{environment::Environment, http, logs};
use shared::ports::NoQueue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    logs::init();
    let environment = Environment::read()?;
    let store = environment.table()?;
    // Ahead of the first request; if it fails, the first request asks again.
    if let Err(cause) = store.prewarm().await {
        tracing::warn!(%cause, "no number could be leased in init");
    }
    let service = Environment::api(store, NoQueue, Environment::tokens()?)?;
    http::run("create_work_order", |request| create_work_order::handle(&service, request)).await
}
