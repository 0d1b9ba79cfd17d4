//! The local service under load, from accepted to provisioned: by its number of clients, by the size of a cart, and by the
//! orders that its table holds.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use local::{DEMO_KEY, Local, Options};
use serde::Serialize;

use crate::fault::{Explain, Fault};
use target::Target;

mod fill;
mod plot;
mod target;

/// Ceiling of the 99th percentile from accepted to provisioned, at 8 clients, in milliseconds.
const PROVISIONED: f64 = 300.0;
/// Clients of the runs that vary something else.
const CLIENTS: usize = 8;
/// How much more an order may cost in the largest table than in the smallest.
const GROWTH: f64 = 1.2;

/// What is run.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Puts the local service under load, by number of clients and by size of the cart
    Load(Load),
    /// Puts it under load with a table of each size, in a folder where the table is made
    Grow(Grow),
}

/// What every run has.
#[derive(Args)]
struct Bounds {
    /// Orders of a run at most
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    orders: usize,
    /// Seconds of a run at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    seconds: u64,
    /// Write the figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write plots into this folder as SVG
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
}

/// `bench load`
#[derive(Args)]
pub(crate) struct Load {
    /// A running service; by default one is started in this process
    #[arg(long, value_name = "URL", requires = "key")]
    url: Option<String>,
    /// Its API key
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Numbers of clients, each of which sends an order as soon as its last one is accepted
    #[arg(long, value_name = "N", num_args = 1.., default_values_t = [1, 8, 64])]
    clients: Vec<usize>,
    /// Lines of a cart
    #[arg(long, value_name = "N", num_args = 1.., default_values_t = [1, 10, 50])]
    items: Vec<usize>,
    #[command(flatten)]
    bounds: Bounds,
}

/// `bench grow`
#[derive(Args)]
pub(crate) struct Grow {
    /// An empty folder; a million orders take 5 GB
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Orders in the table
    #[arg(long, value_name = "N", num_args = 1.., default_values_t = [1_000, 100_000, 1_000_000])]
    table: Vec<usize>,
    #[command(flatten)]
    bounds: Bounds,
}

/// What one run came to.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Point {
    pub(crate) clients: usize,
    pub(crate) items: usize,
    /// Orders in the table before it; none where that is not known.
    pub(crate) table: Option<usize>,
    pub(crate) accepted: usize,
    pub(crate) accepted_a_second: f64,
    /// Milliseconds until an order is accepted.
    pub(crate) accepted_p50: f64,
    pub(crate) accepted_p99: f64,
    /// Milliseconds from accepted to provisioned.
    pub(crate) provisioned_p50: f64,
    pub(crate) provisioned_p99: f64,
    /// Milliseconds of this process's processor time for each order, provisioning and the clients themselves included.
    pub(crate) cpu_an_order: f64,
}

/// Runs a command. Returns whether all is within its budget.
pub(crate) async fn run(command: Command) -> Result<bool, Fault> {
    match command {
        Command::Load(load) => by_clients_and_items(load).await,
        Command::Grow(grow) => by_table(grow).await,
    }
}

async fn by_clients_and_items(load: Load) -> Result<bool, Fault> {
    let longest = Duration::from_secs(load.bounds.seconds);
    let (local, url, key) = if let Some((url, key)) = load.url.zip(load.key) {
        (None, url, key)
    } else {
        let local = start(Options { port: 0, ..Options::default() }).await?;
        let url = local.url.clone();
        (Some(local), url, DEMO_KEY.to_owned())
    };
    let target = Target::new(url, key);
    let mut by_clients = Vec::new();
    for clients in load.clients {
        by_clients.push(target.point(clients, 1, load.bounds.orders, longest).await?);
    }
    let mut by_items = Vec::new();
    for items in load.items {
        by_items.push(target.point(CLIENTS, items, load.bounds.orders, longest).await?);
    }
    if let Some(local) = local {
        local.stop().await;
    }
    let all: Vec<Point> = by_clients.iter().chain(&by_items).cloned().collect();
    report(&all, &load.bounds)?;
    if let Some(folder) = &load.bounds.plots {
        plot::draw(folder, "clients", "clients", &by_clients, |point| point.clients)?;
        plot::draw(folder, "items", "lines of a cart, at 8 clients", &by_items, |point| point.items)?;
    }
    let eight = all.iter().find(|point| point.clients == CLIENTS && point.items == 1);
    let slow = eight.filter(|point| point.provisioned_p99 > PROVISIONED);
    if let Some(point) = slow {
        println!("From accepted to provisioned: {} ms, over the ceiling of {PROVISIONED}", point.provisioned_p99);
    }
    Ok(slow.is_none())
}

async fn by_table(grow: Grow) -> Result<bool, Fault> {
    let longest = Duration::from_secs(grow.bounds.seconds);
    let mut sizes = grow.table;
    sizes.sort_unstable();
    let mut points = Vec::new();
    for size in sizes {
        fill::to(&grow.data, size).await?;
        let local = start(Options { port: 0, data: Some(grow.data.clone()), ..Options::default() }).await?;
        let target = Target::new(local.url.clone(), DEMO_KEY.to_owned());
        let point = target.point(CLIENTS, 1, grow.bounds.orders, longest).await?;
        points.push(Point { table: Some(size), ..point });
        local.stop().await;
    }
    report(&points, &grow.bounds)?;
    if let Some(folder) = &grow.bounds.plots {
        plot::draw(folder, "table", "orders in the table, at 8 clients", &points, |point| point.table.unwrap_or(0))?;
    }
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(true) };
    let growth = last.cpu_an_order / first.cpu_an_order;
    println!("An order in the largest table costs {growth:.2} times the processor time of one in the smallest.");
    Ok(growth <= GROWTH)
}

async fn start(options: Options) -> Result<Local, Fault> {
    Box::pin(Local::start(options)).await.explain("the local service")
}

fn report(points: &[Point], bounds: &Bounds) -> Result<(), Fault> {
    println!(
        "| clients | lines | in the table | accepted/s | accepted, p50 and p99 ms | provisioned, p50 and p99 ms | CPU ms |"
    );
    println!("|---|---|---|---|---|---|---|");
    for point in points {
        let table = point.table.map_or_else(|| "-".to_owned(), |size| size.to_string());
        println!(
            "| {} | {} | {table} | {:.0} | {:.1}, {:.1} | {:.0}, {:.0} | {:.2} |",
            point.clients,
            point.items,
            point.accepted_a_second,
            point.accepted_p50,
            point.accepted_p99,
            point.provisioned_p50,
            point.provisioned_p99,
            point.cpu_an_order,
        );
    }
    if let Some(file) = &bounds.json {
        let text = serde_json::to_string_pretty(points).explain("the figures cannot be written")?;
        std::fs::write(file, text + "\n").explain(file.display())?;
    }
    Ok(())
}
