//! The function's binary: wiring.

use shared::lambda::{environment::Environment, http, logs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    logs::init();
    let environment = Environment::read()?;
    let store = environment.table()?;
    // Ahead of the first request; if it fails, the first request asks again.
    if let Err(cause) = store.prewarm().await {
        tracing::warn!(%cause, "no number could be leased in init");
    }
    let service = Environment::api(store, environment.queue()?, ())?;
    http::run("create_activation", |request| create_activation::handle(&service, request)).await
}
