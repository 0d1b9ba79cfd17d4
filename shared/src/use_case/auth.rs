//! Who calls, and whether they may.

use crate::{
    domain::api_key::{ApiKey, KeyHash, Scope},
    ports::{Lookup, LookupKeys, LookupResult, PortError},
    use_case::context::Context,
};

/// Items that are read together with the key of a caller who may turn out to have none.
const READ_FOR_STRANGERS: usize = 20;

/// Why a caller is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthError {
    /// No key, an unknown one or a revoked one.
    InvalidKey,
    /// The key does not have this scope.
    MissingScope(Scope),
    /// The key has sent too much; it may come again after so many seconds.
    RateLimited(u32),
    /// The store did not answer.
    Unavailable(PortError),
}

/// Lets a caller in who presented `key`, and brings what the request names in the same read. A caller without a key
/// costs no read, nor does one that has sent too much.
pub async fn authenticate<S: Lookup, Q>(
    context: &Context<S, Q>,
    key: Option<KeyHash>,
    scope: Scope,
    lookup_keys: LookupKeys,
) -> Result<(ApiKey, LookupResult), AuthError> {
    let (store, now) = (&context.store, context.now());
    let presented = key.ok_or(AuthError::InvalidKey)?;
    if let Some(seconds) = context.limits.wait(&presented, now) {
        return Err(AuthError::RateLimited(seconds));
    }
    let only_key = LookupKeys { key: Some(presented.clone()), ..LookupKeys::default() };
    // A stranger must not make the store read a large cart: then the key is looked up alone first. Known keys are in memory.
    if lookup_keys.len() > READ_FOR_STRANGERS {
        let found = store.look_up(&only_key).await.map_err(AuthError::Unavailable)?;
        found.key.filter(|key| key.admits(&presented, now)).ok_or(AuthError::InvalidKey)?;
    }
    let lookup_keys = LookupKeys { key: only_key.key, ..lookup_keys };
    let mut found = store.look_up(&lookup_keys).await.map_err(AuthError::Unavailable)?;
    let key = found.key.take().filter(|key| key.admits(&presented, now)).ok_or(AuthError::InvalidKey)?;
    context.limits.count(&presented, now).map_err(AuthError::RateLimited)?;
    if key.may(scope) { Ok((key, found)) } else { Err(AuthError::MissingScope(scope)) }
}
