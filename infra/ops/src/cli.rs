//! The command line.

use clap::{Args, Parser, Subcommand};

use crate::{catalogue, dlq, keys, lines, orders, webhooks};

/// Where the local service listens unless it is told otherwise.
pub const LOCAL_URL: &str = "http://127.0.0.1:9000";

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
    pub common: Common,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// What all commands take.
#[derive(Args)]
#[command(next_help_heading = "For all commands")]
pub struct Common {
    /// Work on the local service at this URL [without one: http://127.0.0.1:9000]
    #[arg(long, global = true, value_name = "URL", num_args = 0..=1, require_equals = true, default_missing_value = LOCAL_URL)]
    pub local: Option<String>,
    /// The stack's table (its output TableName)
    #[arg(long, global = true, value_name = "NAME", env = "TABLE_NAME", hide_env_values = true)]
    pub table: Option<String>,
    /// The provisioning queue (the stack's output QueueUrl)
    #[arg(long, global = true, value_name = "URL", env = "QUEUE_URL", hide_env_values = true)]
    pub queue_url: Option<String>,
    /// The dead-letter queue (the stack's output DeadLetterQueueUrl)
    #[arg(long, global = true, value_name = "URL", env = "DEAD_LETTER_QUEUE_URL", hide_env_values = true)]
    pub dead_letter_queue_url: Option<String>,
    /// The queue of events (the stack's output EventsQueueUrl)
    #[arg(long, global = true, value_name = "URL", env = "EVENTS_QUEUE_URL", hide_env_values = true)]
    pub events_queue_url: Option<String>,
    /// Where events rest that were tried too often (the stack's output EventsDeadLetterQueueUrl)
    #[arg(long, global = true, value_name = "URL", env = "EVENTS_DEAD_LETTER_QUEUE_URL", hide_env_values = true)]
    pub events_dead_letter_queue_url: Option<String>,
    /// Where what could not be published rests (the stack's output UnpublishedQueueUrl)
    #[arg(long, global = true, value_name = "URL", env = "UNPUBLISHED_QUEUE_URL", hide_env_values = true)]
    pub unpublished_queue_url: Option<String>,
    /// The stack's AWS region [default: that of the profile or of AWS_REGION]
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Profile of your AWS configuration [default: AWS_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Your name, as histories keep it [default: your user name on this machine]
    #[arg(long = "as", global = true, value_name = "NAME", env = "OPS_AS", hide_env_values = true)]
    pub operator: Option<String>,
    /// Write JSON, for scripts
    #[arg(long, global = true)]
    pub json: bool,
    /// Do not ask before what cannot be undone
    #[arg(long, short, global = true)]
    pub yes: bool,
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
