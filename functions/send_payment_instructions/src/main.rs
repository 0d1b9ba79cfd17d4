//! The function's binary: wiring.

use shared::lambda::{environment::Environment, http, logs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    logs::init();
    let environment = Environment::read()?;
    let service = Environment::api(environment.table()?, (), ())?;
    http::run("send_payment_instructions", |request| send_payment_instructions::handle(&service, request)).await
}
