//! The command line.

use clap::{Parser, Subcommand};

use crate::{catalogue, dlq, keys, lines, options::GlobalOptions, orders, webhooks};

/// The operator's program of the order back end: keys, catalogue, orders, lines, dead letters.
#[derive(Parser)]
#[command(
    name = "ops",
    version,
    max_term_width = 100,
    after_help = "\
Exit codes: 0 done; 1 refused, nothing to do, or something is wrong; 2 a mistake in the command; 3 AWS or the local \
service did not answer, or did not let ops in. Times are UTC."
)]
pub struct Arguments {
    /// What all commands take.
    #[command(flatten)]
    pub common: GlobalOptions,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// A command.
#[derive(Subcommand)]
pub enum Command {
    /// API keys: make, list, revoke
    #[command(subcommand)]
    Keys(keys::Command),
    /// Products, payment methods, bouquets: put in from a file, write to one
    #[command(subcommand)]
    Catalogue(catalogue::Command),
    /// Orders: list, show, approve, cancel, retry
    #[command(subcommand)]
    Orders(orders::Command),
    /// Service lines: list, show, suspend, resume
    #[command(subcommand)]
    Lines(lines::Command),
    /// Dead letters of orders and of events: list them, bring them back
    #[command(subcommand)]
    Dlq(dlq::Command),
    /// Endpoints that are told of orders: add, list, remove, test
    #[command(subcommand)]
    Webhooks(webhooks::Command),
    /// Look whether everything can be reached, and whether anything is stuck
    Doctor,
    /// Write the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}
