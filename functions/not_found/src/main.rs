//! The function's binary: wiring.

use shared::lambda::{http, reply::Reply, runtime::Error};

shared::main!(run);

async fn run() -> Result<(), Error> {
    http::run("not_found", |request| async move { Ok::<_, Reply>(not_found::handle(&request)) }).await
}
