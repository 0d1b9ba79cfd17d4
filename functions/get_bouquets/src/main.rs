//! The function's binary: wiring.

use shared::lambda::{environment::Environment, http, prewarm, runtime::Error};

shared::main!(run);

async fn run() -> Result<(), Error> {
    let environment = Environment::read()?;
    let store = environment.table()?;
    prewarm::run("table", store.connect()).await;
    let context = Environment::api(store, ())?;
    http::run("get_bouquets", |request| get_bouquets::handle(&context, request)).await
}
