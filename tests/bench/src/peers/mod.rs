//! complete_order beside the same job as it is usually written: on Node with the AWS SDK for JavaScript, on Python with
//! boto3 (`tests/bench/peers`). All are run by the same bench, one after another, at the same events.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::{
    authority::Authority,
    bootstraps,
    environment::Program,
    fault::{Explain, Fault},
    measure::{Figures, Measurement},
    scenario::{self, Scenario},
};
use install::Packages;

mod install;
mod same;
mod table;

/// The function that the peers are measured beside.
const FUNCTION: &str = "complete_order";
/// Invocations until a peer is warm: compilers that work as they go have compiled what matters, and the next 256 orders
/// have their numbers.
const SETTLED: usize = 255;
/// Invocations that are then counted, none of which leases numbers.
const COUNTED: usize = 200;

/// `bench peers`
#[derive(Args)]
pub(crate) struct Peers {
    /// Measure the function in this folder (DIR/complete_order/bootstrap) instead of building it
    #[arg(long, value_name = "DIR")]
    bootstraps: Option<PathBuf>,
    /// Install the peers' packages in this folder; by default work-orders-peers in the user's cache folder
    #[arg(long, value_name = "DIR")]
    packages: Option<PathBuf>,
    /// Only check that all do the same; measure nothing
    #[arg(long, conflicts_with_all = ["runs", "instructions", "json"])]
    check: bool,
    /// Runs of each, of which the median is taken figure by figure
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Count instructions with callgrind too, which takes some minutes
    #[arg(long)]
    instructions: bool,
    /// Write all figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Keep the functions' logs in this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Something that does the job.
pub(crate) struct Peer {
    /// As the table names it, with its version.
    pub(crate) name: String,
    /// The folder of its logs.
    pub(crate) logs: PathBuf,
    pub(crate) program: Program,
}

impl Peer {
    /// One with a folder for its logs in `folder`.
    fn new(name: String, program: Program, folder: &Path) -> Result<Self, Fault> {
        let logs = folder.join(name.split(' ').next().unwrap_or_default().to_lowercase());
        std::fs::create_dir_all(&logs).explain(logs.display())?;
        Ok(Self { name, logs, program })
    }
}

/// What one of them takes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// Checks that all do the same, measures them and prints the table.
pub(crate) async fn run(peers: Peers) -> Result<(), Fault> {
    let programs = match &peers.bootstraps {
        Some(folder) => bootstraps::in_folder(folder, &[FUNCTION])?,
        None => bootstraps::built(&[FUNCTION])?,
    };
    let program = programs.get(FUNCTION).ok_or_else(|| Fault::new("there is no complete_order"))?;
    let temporary = tempfile::tempdir().explain("no folder for this run")?;
    let folder = peers.keep.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder).explain(folder.display())?;
    let authority = Authority::new(folder)?;
    let ours = Peer::new("Rust".to_owned(), Program::bootstrap(program), folder)?;
    let others = Packages::new(peers.packages)?.peers(&authority, folder)?;

    let expected = same::observe(&ours, &authority).await?;
    for other in &others {
        same::compare(&expected, &same::observe(other, &authority).await?)?;
        println!("{} answers, stores, queues and logs what the function in Rust does.", other.name);
    }
    if peers.check {
        return Ok(());
    }
    let long = Scenario { settled: SETTLED, counted: COUNTED, ..scenario()? };
    let mut rows = Vec::new();
    for peer in std::iter::once(&ours).chain(&others) {
        let mut figures = Vec::new();
        for _ in 0..peers.runs {
            figures.push(Box::pin(measurement(peer, &authority, long).figures()).await?);
        }
        let mut figures = table::median(&figures).ok_or_else(|| Fault::new("nothing was measured"))?;
        if peers.instructions {
            count_instructions(peer, &authority, &mut figures).await?;
        }
        rows.push(Row { name: peer.name.clone(), figures });
    }
    println!("\n{}", table::table(&rows));
    println!("{}", table::times(&rows));
    if let Some(file) = &peers.json {
        let text = serde_json::to_string_pretty(&rows).explain("the figures cannot be written")?;
        std::fs::write(file, text + "\n").explain(file.display())?;
    }
    match rows.split_first() {
        Some((ours, others)) => others.iter().try_for_each(|other| table::as_many_calls(ours, other)),
        None => Ok(()),
    }
}

/// What the function is measured at in the table of all functions.
fn scenario() -> Result<Scenario, Fault> {
    let scenario = scenario::all().into_iter().find(|scenario| scenario.name == FUNCTION);
    scenario.ok_or_else(|| Fault::new("complete_order has no scenario"))
}

fn measurement<'a>(peer: &'a Peer, authority: &'a Authority, scenario: Scenario) -> Measurement<'a> {
    Measurement { scenario, program: &peer.program, authority, folder: &peer.logs }
}

/// Under callgrind there are as few invocations as in the table of all functions: more would take an hour.
async fn count_instructions(peer: &Peer, authority: &Authority, figures: &mut Figures) -> Result<(), Fault> {
    let measurement = measurement(peer, authority, scenario()?);
    let mut few = Box::pin(measurement.figures()).await?;
    measurement.count_instructions(&mut few).await?;
    figures.init.instructions = few.init.instructions;
    figures.first.instructions = few.first.instructions;
    figures.warm.instructions = few.warm.instructions;
    Ok(())
}
