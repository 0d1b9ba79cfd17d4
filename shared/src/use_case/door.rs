//! The door: who calls, and may they?

use crate::{
    domain::api_key::{ApiKey, KeyHash, Scope},
    ports::{Found, Lookup, PortError, Wanted},
    use_case::Service,
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
    /// The key has sent too much; it may come again after so many seconds.
    TooMany(u32),
    /// The store did not answer.
    Unavailable(PortError),
}

/// Lets a caller in who presented `key`, and brings what the request names in the same read. A caller without a key
/// costs no read, nor does one that has sent too much.
pub async fn enter<S: Lookup, Q, T>(
    service: &Service<S, Q, T>,
    key: Option<KeyHash>,
    scope: Scope,
    wanted: Wanted,
) -> Result<(ApiKey, Found), Denied> {
    let (store, now) = (&service.store, service.now());
    let presented = key.ok_or(Denied::NoKey)?;
    if let Some(seconds) = service.limits.wait(&presented, now) {
        return Err(Denied::TooMany(seconds));
    }
    let only_key = Wanted { key: Some(presented.clone()), ..Wanted::default() };
    // A stranger must not make the store read a large cart: then the key is looked up alone first. Known keys are in memory.
    if wanted.len() > READ_FOR_STRANGERS {
        let found = store.look_up(&only_key).await.map_err(Denied::Unavailable)?;
        found.key.filter(|key| key.admits(&presented, now)).ok_or(Denied::NoKey)?;
    }
    let wanted = Wanted { key: only_key.key, ..wanted };
    let mut found = store.look_up(&wanted).await.map_err(Denied::Unavailable)?;
    let key = found.key.take().filter(|key| key.admits(&presented, now)).ok_or(Denied::NoKey)?;
    service.limits.count(&presented, now).map_err(Denied::TooMany)?;
    if key.may(scope) { Ok((key, found)) } else { Err(Denied::NoScope(scope)) }
}
