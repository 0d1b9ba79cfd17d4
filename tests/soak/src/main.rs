//! The local service as a process of its own, killed with -9 every few seconds while four clients behave as the shops'
//! plugins do. At the end `soak_check` holds what is in the table against what the clients were told.
//!
//! `cargo run -p soak -- --seconds 300`
#![allow(clippy::print_stdout, reason = "a command-line program's output")]

mod client;
mod duplicates;
mod endpoints;
mod log;
mod seed;
mod service;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use clap::Parser;
use futures_util::future::join_all;
use tokio::process::Command;

use crate::{client::Client, log::Log, service::Service};

/// Anything that keeps the soak from going on.
type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Kills the local service again and again under four clients, and checks what is there in the end.
#[derive(Parser)]
struct Arguments {
    /// How long clients send new orders
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// What chance follows from; the figures depend on the machine's pace besides
    #[arg(long, default_value_t = 20_261_123)]
    seed: u64,
    /// Clients
    #[arg(long, default_value_t = 4)]
    clients: u64,
    /// Folder to keep data, logs and the export in; without it, they are gone at the end
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("soak: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything held.
async fn run(arguments: Arguments) -> Result<bool, Fault> {
    let programs = programs().await?;
    let own = tempfile::tempdir()?;
    let folder = arguments.folder.as_deref().unwrap_or(own.path());
    std::fs::create_dir_all(folder)?;
    let seed = folder.join("seed.json");
    std::fs::write(&seed, seed::text())?;
    let log = Arc::new(Log::create(&folder.join("clients.jsonl"))?);
    let mut service = Service::new(programs.join("work-orders"), folder)?;
    service.start(Some(&seed)).await?;
    println!("{} seconds, seed {}, in {}", arguments.seconds, arguments.seed, folder.display());

    let end = Instant::now() + Duration::from_secs(arguments.seconds);
    let clients: Vec<_> = (0..arguments.clients)
        .map(|number| tokio::spawn(Client::new(number, arguments.seed, &service.url(), log.clone()).run(end)))
        .collect();
    let duplicates = tokio::spawn(duplicates::run(service.places(), service.url(), log.clone(), arguments.seed, end));
    let mut chance = fastrand::Rng::with_seed(arguments.seed);
    while Instant::now() < end {
        // One in four comes while the service is still at its start, filling its queue again.
        let wait = if chance.u32(0..4) == 0 { chance.u64(0..150) } else { chance.u64(500..5_000) };
        tokio::time::sleep(Duration::from_millis(wait)).await;
        service.kill().await?;
        service.start(None).await?;
    }
    for client in join_all(clients).await {
        client?;
    }
    duplicates.await?;
    // Once more, so that even the last orders have lost their messages.
    service.kill().await?;
    service.start(None).await?;
    let rested = endpoints::rest(&service.places(), Duration::from_secs(150)).await?;
    std::fs::write(folder.join("table.json"), endpoints::export(&service.places()).await?)?;
    let (kills, deliveries, delivered) = (service.kills(), service.deliveries()?, service.delivered()?);
    service.kill().await?;
    log.flush()?;

    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "requests {}, unanswered {}, sent again {}, given up {}, sent twice at once {}",
        count(&log.requests),
        count(&log.unanswered),
        count(&log.again),
        count(&log.given_up),
        count(&log.doubled)
    );
    println!(
        "kills {kills}, messages doubled {}, deliveries {deliveries}, of these redeliveries {}",
        count(&log.duplicates),
        deliveries - delivered
    );
    if !rested {
        println!("orders are still queued");
    }
    // A soak in which nothing went wrong on the way shows nothing.
    let met = kills > 2 && deliveries > delivered && count(&log.again) > 0 && count(&log.duplicates) > 0;
    if !met {
        println!("too little happened: nothing was sent again, or nothing was delivered again");
    }
    let check = Command::new(programs.join("soak_check"))
        .args([folder.join("table.json"), folder.join("clients.jsonl"), seed])
        .status()
        .await?;
    Ok(check.success() && rested && met)
}

/// The folder of the programs that this one needs, which it builds where cargo runs it.
async fn programs() -> Result<PathBuf, Fault> {
    if let Some(cargo) = std::env::var_os("CARGO") {
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "-p", "local", "-p", "soak"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        if !build.status().await?.success() {
            return Err("the local service cannot be built".into());
        }
    }
    let own = std::env::current_exe()?;
    Ok(own.parent().unwrap_or(Path::new(".")).to_owned())
}
