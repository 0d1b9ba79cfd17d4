//! `cargo run -p example_provisioner`: the example provisioner on this machine.
#![allow(clippy::print_stdout, reason = "a command-line program's output")]

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Parser;
use example_provisioner::{ExampleProvisioner, Ledger};

/// an example provisioner: it keeps a ledger of lines, and serves nobody.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen at
    #[arg(long, default_value = "127.0.0.1:9100")]
    listen: SocketAddr,
    /// What the service signs with: whsec_ and Base64
    #[arg(long, value_name = "SECRET", env = "PROVISIONER_SECRET", hide_env_values = true)]
    secret: String,
    /// File to keep the ledger in; without it, the ledger is kept in memory
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("receiver: {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let ledger = match &arguments.ledger {
        Some(file) => Ledger::open(file)?,
        None => Ledger::in_memory(),
    };
    let receiver = ExampleProvisioner::new(&arguments.secret, ledger)?;
    let listener = tokio::net::TcpListener::bind(arguments.listen).await?;
    println!("Listening at http://{}/", listener.local_addr()?);
    let end = async {
        let _ended = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, receiver.router()).with_graceful_shutdown(end).await?;
    receiver.with_ledger(|ledger| println!("{} lines, {} effects", ledger.lines().len(), ledger.done().len()));
    Ok(())
}
