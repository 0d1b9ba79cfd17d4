//! The door: who calls, and may they?

use crate::{
    domain::{
        api_key::{ApiKey, KeyHash, Scope},
        time::Timestamp,
    },
    ports::{Found, Lookup, PortError, Wanted},
};

/// Items that are read together with the key of a caller who may turn out to have none.
const READ_FOR_STRANGERS: usize = 20;

/// Why a caller is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// No key, an unknown one or a revoked one.
    NoKey,
    /// The key does not have this scope.
    NoScope(Scope),
    /// The store did not answer.
    Unavailable(PortError),
}

/// Lets a caller in who presented `key`, and brings what the request names in the same read. A caller without a key
/// costs no read.
pub async fn enter(
    store: &impl Lookup,
    key: Option<KeyHash>,
    scope: Scope,
    wanted: Wanted,
    now: Timestamp,
) -> Result<(ApiKey, Found), Denied> {
    let presented = key.ok_or(Denied::NoKey)?;
    let only_key = Wanted { key: Some(presented.clone()), ..Wanted::default() };
    // A stranger must not make the store read a large cart: then the key is looked up alone first. Known keys are in memory.
    if wanted.len() > READ_FOR_STRANGERS {
        let found = store.look_up(&only_key).await.map_err(Denied::Unavailable)?;
        found.key.filter(|key| key.admits(&presented, now)).ok_or(Denied::NoKey)?;
    }
    let wanted = Wanted { key: only_key.key, ..wanted };
    let mut found = store.look_up(&wanted).await.map_err(Denied::Unavailable)?;
    let key = found.key.take().filter(|key| key.admits(&presented, now)).ok_or(Denied::NoKey)?;
    if key.may(scope) { Ok((key, found)) } else { Err(Denied::NoScope(scope)) }
}
