//! What the release binaries cost, by themselves and against AWS's ways: README.md beside this crate.
#![allow(clippy::print_stdout, reason = "a table is what it is run for")]
#![allow(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use futures_util::{StreamExt, TryStreamExt, stream};

use authority::Authority;
use budgets::Budgets;
use environment::Program;
use fault::{Explain, Fault};
use measure::{Figures, Measurement};
use scenario::Scenario;

mod authority;
mod bootstraps;
mod budgets;
mod environment;
mod events;
mod fault;
mod front;
mod load;
mod measure;
mod peers;
mod report;
mod scenario;
mod world;

/// How often a scenario that is over its budget is measured again before that counts: on a busy machine a connection may be opened
/// later than it usually is, and its work is then another phase's. What has risen is over its budget every time.
const MORE: u32 = 2;

/// Measures the functions' release binaries: instructions, time, memory, sizes, AWS calls and connections.
#[derive(Parser)]
#[command(name = "bench", args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Fail if a figure is over its budget (tests/bench/budgets.json)
    #[arg(long)]
    check: bool,
    /// Write the figures down as those that later ones are compared with
    #[arg(long, conflicts_with = "check")]
    bless: bool,
    /// Write all figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure the binaries in this folder (DIR/<function>/bootstrap) instead of building them
    #[arg(long, value_name = "DIR")]
    bootstraps: Option<PathBuf>,
    /// Keep callgrind's files and the functions' logs in this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Measure only these functions
    #[arg(long, value_name = "NAME", num_args = 1..)]
    function: Vec<String>,
}

/// What is run in place of that.
#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Load(load::Command),
    /// Measures complete_order beside the same job on Node and Python
    Peers(peers::Peers),
}

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(run(Arguments::parse())).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("bench: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether everything is within its budget, as far as that was asked for.
async fn run(arguments: Arguments) -> Result<bool, Fault> {
    match arguments.command {
        Some(Command::Load(command)) => return load::run(command).await,
        Some(Command::Peers(peers)) => return Box::pin(peers::run(peers)).await.map(|()| true),
        None => {}
    }
    let scenarios = chosen(&arguments.function)?;
    let mut functions: Vec<&str> = scenarios.iter().map(|scenario| scenario.function).collect();
    functions.dedup();
    let programs = match &arguments.bootstraps {
        Some(folder) => bootstraps::in_folder(folder, &functions)?,
        None => bootstraps::built(&functions)?,
    };
    let programs: BTreeMap<_, _> =
        programs.into_iter().map(|(function, file)| (function, Program::bootstrap(&file))).collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("budgets.json");
    let mut budgets = Budgets::read(&file)?;
    let temporary = tempfile::tempdir().explain("no folder for this run")?;
    let folder = arguments.keep.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder).explain(folder.display())?;
    let authority = Authority::new(folder)?;
    let measurements: Vec<Measurement<'_>> = scenarios
        .iter()
        .filter_map(|scenario| {
            let program = programs.get(scenario.function)?;
            Some(Measurement { scenario: *scenario, program, authority: &authority, folder })
        })
        .collect();

    if !has_valgrind() {
        eprintln!("valgrind is not installed: instructions are not counted");
    }
    let mut all = measured(&measurements).await?;
    let mut broken = if arguments.check { budgets.broken(&all) } else { Vec::new() };
    for _ in 0..MORE {
        let over: Vec<Measurement<'_>> = measurements
            .iter()
            .filter(|one| broken.iter().any(|(name, _)| name == one.scenario.name))
            .copied()
            .collect();
        if over.is_empty() {
            break;
        }
        for figures in measured(&over).await? {
            all.iter_mut()
                .filter(|before| before.scenario == figures.scenario)
                .for_each(|before| *before = figures.clone());
        }
        broken = budgets.broken(&all);
    }

    println!("{}", report::table(&all, &budgets));
    if let Some(file) = &arguments.json {
        let text = serde_json::to_string_pretty(&all).explain("the figures cannot be written")?;
        std::fs::write(file, text + "\n").explain(file.display())?;
    }
    if arguments.bless {
        budgets.bless(&all, &file)?;
    }
    for (name, sentence) in &broken {
        println!("{name}: {sentence}");
    }
    if arguments.check && broken.is_empty() {
        println!("All {} are within their budgets.", all.len());
    }
    Ok(broken.is_empty())
}

async fn measured(measurements: &[Measurement<'_>]) -> Result<Vec<Figures>, Fault> {
    let mut all = Vec::with_capacity(measurements.len());
    // One after another, so that they do not take each other's time.
    for measurement in measurements {
        all.push(Box::pin(measurement.figures()).await?);
    }
    if has_valgrind() { with_instructions(measurements, all).await } else { Ok(all) }
}

/// Runs under callgrind do not depend on the machine's load, so there are as many at once as it has processors.
async fn with_instructions(measurements: &[Measurement<'_>], all: Vec<Figures>) -> Result<Vec<Figures>, Fault> {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let counted = measurements.iter().zip(all).map(|(measurement, mut figures)| async move {
        measurement.count_instructions(&mut figures).await?;
        Ok(figures)
    });
    stream::iter(counted).buffered(at_once).try_collect().await
}

fn chosen(functions: &[String]) -> Result<Vec<Scenario>, Fault> {
    if let Some(unknown) =
        functions.iter().find(|name| !scenario::all().iter().any(|scenario| scenario.function == **name))
    {
        return Err(Fault::new(format!("there is no function {unknown}")));
    }
    let wanted = |scenario: &Scenario| functions.is_empty() || functions.iter().any(|name| name == scenario.function);
    Ok(scenario::all().into_iter().filter(wanted).collect())
}

fn has_valgrind() -> bool {
    let valgrind = std::process::Command::new("valgrind").arg("--version").output();
    valgrind.is_ok_and(|output| output.status.success())
}
