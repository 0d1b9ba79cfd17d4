//! `ops`: the operator's program.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    ops::run(std::env::args_os()).await
}
