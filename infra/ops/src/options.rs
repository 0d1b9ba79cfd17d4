//! The options that all commands take.

use clap::Args;

/// Where the local service listens unless it is told otherwise.
pub const LOCAL_URL: &str = "http://127.0.0.1:9000";

/// What all commands take.
#[derive(Args)]
#[command(next_help_heading = "For all commands")]
pub struct GlobalOptions {
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
