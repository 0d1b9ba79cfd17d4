//! The function's binary: wiring.

use shared::lambda::{environment::Environment, http, prewarm, runtime::Error};

shared::main!(run);

async fn run() -> Result<(), Error> {
    let environment = Environment::read()?;
    let store = environment.table()?;
    prewarm::run("lease", store.prewarm()).await;
    let context = Environment::api(store, ())?;
    let tokens = Environment::tokens()?;
    http::run("create_work_order", |request| create_work_order::handle(&context, &tokens, request)).await
}
