//! Which queue, and which of its letters.

use std::collections::HashSet;

use clap::{Args, ValueEnum};
use uuid::Uuid;

use super::dead_letter_queue::DeadLetterQueue;
use crate::{context::Context, error::OpsError, orders::find};

/// Seconds that a letter is hidden for while it is listed: long enough for the list to end.
pub(super) const LISTED: i32 = 60;
/// Seconds that a letter is hidden for while it is worked on.
pub(super) const WORKED_ON: i32 = 300;

/// A queue of dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QueueName {
    /// Orders that were delivered 10 times in vain
    Provision,
    /// Events that an endpoint did not take in 6 attempts
    Events,
    /// Changes of orders that could not be published
    Unpublished,
}

impl QueueName {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Provision => "provision",
            Self::Events => "events",
            Self::Unpublished => "unpublished",
        }
    }

    pub(super) fn open(self, context: &Context, hidden: i32) -> Result<DeadLetterQueue, OpsError> {
        let connection = &context.connection;
        let url = match self {
            Self::Provision => connection.dead_letter_queue_url(),
            Self::Events => connection.events_dead_letter_queue_url(),
            Self::Unpublished => connection.unpublished_queue_url(),
        };
        Ok(DeadLetterQueue::open(connection.sqs.clone(), url?, hidden))
    }
}

/// Which letters, and what of those that name nothing.
#[derive(Args)]
pub struct Redrive {
    /// Only the letters of these orders
    #[arg(value_name = "ORDER")]
    pub(super) orders: Vec<String>,
    /// Of which queue
    #[arg(long, value_enum, value_name = "QUEUE", default_value_t = QueueName::Provision)]
    pub(super) queue: QueueName,
    /// Of the events, only those for this endpoint
    #[arg(long, value_name = "ENDPOINT")]
    pub(super) endpoint: Option<String>,
    /// Delete letters that cannot be read or that name nothing, and of `unpublished` all; without it, they stay
    #[arg(long)]
    pub(super) discard: bool,
}

/// The orders that somebody has named, by uuid and reference code.
pub(super) async fn named(context: &Context, wanted: &Redrive) -> Result<(HashSet<Uuid>, HashSet<String>), OpsError> {
    let store = context.store();
    let (mut uuids, mut references) = (HashSet::new(), HashSet::new());
    for name in &wanted.orders {
        let order = find(&store, name).await?;
        uuids.insert(order.uuid);
        references.insert(order.reference().to_string());
    }
    Ok((uuids, references))
}
