//! The store's ports on one DynamoDB table. How items are laid out: [`layout`].

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodb::Client;

use crate::ports::{Clock, SystemClock};

mod activations;
mod api_keys;
mod batch;
mod cache;
mod catalogue;
mod key_bindings;
pub mod layout;
pub mod lease;
mod listing;
mod lookup;
mod numbers;
mod open_orders;
mod orders;
mod setup;
pub mod stream;
mod webhook_endpoints;

/// How old a cached key or catalogue entry may be. A revoked key is to be refused within 60 seconds.
pub const CACHE_FOR: Duration = Duration::from_secs(45);

/// The table, with what an environment remembers of it: catalogue entries and keys, and a lease of numbers. Clones share
/// both.
#[derive(Clone)]
pub struct DynamoDb(Arc<Inner>);

struct Inner {
    client: Client,
    table: String,
    clock: Arc<dyn Clock>,
    cache: Mutex<cache::Cache>,
    lease: Mutex<lease::Lease>,
    /// Held while a lease is asked for, so that an environment asks once.
    leasing: tokio::sync::Mutex<()>,
}

impl DynamoDb {
    /// The table `table` through `client`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self::with(client, table, Arc::new(SystemClock), CACHE_FOR)
    }

    /// The same by another clock, remembering keys and catalogue entries for `cache_for`.
    pub fn with(client: Client, table: impl Into<String>, clock: Arc<dyn Clock>, cache_for: Duration) -> Self {
        Self(Arc::new(Inner {
            client,
            table: table.into(),
            clock,
            cache: Mutex::new(cache::Cache::new(cache_for)),
            lease: Mutex::new(lease::Lease::default()),
            leasing: tokio::sync::Mutex::new(()),
        }))
    }
}

/// What a mutex holds. None of the code that runs under one leaves it half-changed, so a poisoned one is as good.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
