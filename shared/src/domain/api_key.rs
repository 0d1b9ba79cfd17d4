//! API keys and what they may do.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::time::Timestamp;

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// Create and complete orders, submit payments.
    #[serde(rename = "orders.write")]
    OrdersWrite,
    /// Read orders.
    #[serde(rename = "orders.read")]
    OrdersRead,
    /// Read products, payment methods and bouquets.
    #[serde(rename = "catalogue.read")]
    CatalogueRead,
    /// Everything.
    #[serde(rename = "*")]
    All,
}

impl Scope {
    /// Every scope by its name.
    pub const ALL: [(&'static str, Self); 4] = [
        ("orders.write", Self::OrdersWrite),
        ("orders.read", Self::OrdersRead),
        ("catalogue.read", Self::CatalogueRead),
        ("*", Self::All),
    ];

    /// The scope with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, scope)| scope)
    }

    /// The name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, scope)| *scope == self).map_or("*", |(name, _)| name)
    }
}

/// The SHA-256 of a key's secret, in lower-case hexadecimal: all that is ever stored of it. A key is at least 20
/// characters of a generator's output, so a plain hash is enough; there is no dictionary to try.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyHash(String);

impl KeyHash {
    /// The hash of a presented secret.
    pub fn of(secret: &str) -> Self {
        Self(hex::encode(Sha256::digest(secret.as_bytes())))
    }

    /// 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyHash {
    /// By what operators name a key: the first 8 digits.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl PartialEq for KeyHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for KeyHash {}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

/// The secret of a new key: `wo_` and 256 random bits in hexadecimal. The prefix is for those who search repositories for
/// secrets. Fails only when the operating system gives no randomness.
pub fn new_secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(format!("wo_{}", hex::encode(bytes)))
}

/// A key as it is stored. One type serves both sides of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Hash of the secret.
    pub hash: KeyHash,
    /// The shop. Several keys may share a name while a shop rotates them; the name separates idempotency keys.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Since when it is refused.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Does the key open the door for a caller who presented the secret with this hash?
    pub fn admits(&self, presented: &KeyHash, now: Timestamp) -> bool {
        // A revocation may be dated ahead, so that a shop can rotate without a gap.
        let revoked = self.revoked_at.is_some_and(|at| at <= now);
        self.hash == *presented && !revoked
    }

    /// Its user, as an order's history names them.
    pub fn by(&self) -> String {
        format!("key:{}", self.name)
    }

    /// May it be used for this?
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|held| *held == scope || *held == Scope::All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_admits_its_secret_until_it_is_revoked() {
        let now = Timestamp::UNIX_EPOCH;
        let mut key = ApiKey {
            hash: KeyHash::of("secret"),
            name: "shop".into(),
            scopes: vec![Scope::OrdersRead],
            revoked_at: None,
        };
        assert!(key.admits(&KeyHash::of("secret"), now));
        assert!(!key.admits(&KeyHash::of("Secret"), now));
        assert!(key.may(Scope::OrdersRead) && !key.may(Scope::OrdersWrite));
        key.revoked_at = Some(now);
        assert!(!key.admits(&KeyHash::of("secret"), now));
        assert!(!format!("{key:?}").contains(KeyHash::of("secret").as_str()));
    }
}
