//! The door: who calls, and may they?

use crate::{
    domain::{
        api_key::{ApiKey, KeyHash, Scope},
        time::Timestamp,
    },
    ports::{Found, Lookup, PortError, Wanted},
};

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
    let wanted = Wanted { key: Some(presented.clone()), ..wanted };
    let mut found = store.look_up(&wanted).await.map_err(Denied::Unavailable)?;
    let key = found.key.take().filter(|key| key.admits(&presented, now)).ok_or(Denied::NoKey)?;
    if key.may(scope) { Ok((key, found)) } else { Err(Denied::NoScope(scope)) }
}
