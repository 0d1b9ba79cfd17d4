//! API keys, as operators see them; idempotency keys that are bound to orders.

use std::future::Future;

use serde::{Deserialize, Serialize};

use super::{
    error::PortError,
    write::{Insert, Save},
};
use crate::domain::{
    api_key::{ApiKey, KeyHash},
    key_binding::KeyBinding,
    time::Timestamp,
};

/// A key in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedKey {
    /// The hash of its secret.
    pub hash: KeyHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom, as in an order's history; `seed` for one that a seed file brought.
    pub by: String,
}

/// A name in the directory of keys, with the keys that bear it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedKeys {
    /// The name.
    pub name: String,
    /// Its keys, the oldest first. One that was listed and then not stored stands here and nowhere else.
    pub listed: Vec<ListedKey>,
    /// Counts the writes to it; 0 before the first.
    pub version: u64,
}

/// API keys, as operators see them. Callers find a key by its secret alone; operators, by a directory of names.
pub trait Keys: Send + Sync {
    /// The directory, in the order of the names.
    fn directory(&self) -> impl Future<Output = Result<Vec<NamedKeys>, PortError>> + Send;

    /// The directory's entry of this name, as of now.
    fn named(&self, name: &str) -> impl Future<Output = Result<Option<NamedKeys>, PortError>> + Send;

    /// Stores an entry of the directory if its version is still the stored one (at 0: if there is none), and counts the
    /// version up.
    fn save_named(&self, named: &mut NamedKeys) -> impl Future<Output = Result<Save, PortError>> + Send;

    /// The keys with these hashes, as of now and in this order; those that exist.
    fn keys(&self, hashes: &[KeyHash]) -> impl Future<Output = Result<Vec<ApiKey>, PortError>> + Send;

    /// Stores a key unless its secret is known already: a revoked key stays revoked.
    fn add_key(&self, key: &ApiKey) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Stores a key in place of `old`, if that is what is stored.
    fn replace_key(&self, old: &ApiKey, key: &ApiKey) -> impl Future<Output = Result<Save, PortError>> + Send;
}

/// Idempotency keys used on orders that existed before.
pub trait KeyBindings: Send + Sync {
    /// Stores the binding under `name` if there is none, or none that still holds at `now`; returns the one that holds.
    fn bind_key(
        &self,
        name: &str,
        binding: &KeyBinding,
        now: Timestamp,
    ) -> impl Future<Output = Result<Insert<KeyBinding>, PortError>> + Send;

    /// The binding under `name`, as of now.
    fn find_binding(&self, name: &str) -> impl Future<Output = Result<Option<KeyBinding>, PortError>> + Send;
}
