//! The function's binary: wiring.

use shared::lambda::{http, logs};

#[global_allocator]
static ALLOCATOR: shared::lambda::Allocator = shared::lambda::Allocator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    logs::init();
    http::run("not_found", |request| async move { not_found::handle(&request) }).await
}
