//! The function's binary: wiring.

use shared::lambda::{environment::Environment, http, prewarm, runtime::Error};

shared::main!(run);

async fn run() -> Result<(), Error> {
    let environment = Environment::read()?;
    let store = environment.table()?;
    prewarm::run("table", store.connect()).await;
    let context = Environment::api(store, ())?;
    let tokens = Environment::tokens()?;
    http::run("get_work_order", |request| get_work_order::handle(&context, &tokens, request)).await
}
