//! Confirmation tokens: a customer's proof that the order is theirs.
//!
//! A token is the order's uuid and an HMAC of it, each as 22 base62 digits. Nothing of it is stored: the uuid finds the
//! order without an index, and the HMAC refuses a forgery without a read.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use uuid::Uuid;

/// 62^22 > 2^128: each half takes 22 digits.
const HALF: usize = 22;

/// A token as it is given to a shop. Debug prints none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfirmationToken(String);

impl ConfirmationToken {
    /// 44 characters of `[0-9A-Za-z]`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ConfirmationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfirmationToken(…)")
    }
}

/// One version of the secret behind the tokens.
#[derive(Clone)]
pub struct TokenSecret {
    version: u32,
    keyed: Hmac<Sha256>,
}

impl TokenSecret {
    /// `key`: at least 16 bytes that nobody can guess.
    pub fn new(version: u32, key: impl Into<Vec<u8>>) -> Option<Self> {
        let key = key.into();
        let keyed = Hmac::new_from_slice(&key).ok()?;
        (key.len() >= 16).then_some(Self { version, keyed })
    }

    /// The first 128 bits of the HMAC-SHA-256 of the order's uuid.
    fn seal(&self, order: Uuid) -> u128 {
        let mut mac = self.keyed.clone();
        mac.update(order.as_bytes());
        let digest = mac.finalize().into_bytes();
        digest.iter().take(16).fold(0, |seal, byte| seal << 8 | u128::from(*byte))
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSecret(version {})", self.version)
    }
}

/// The secrets an environment holds: the current version, the one before it while tokens of it are still about, and the one
/// after it while others may make tokens with that already.
#[derive(Debug, Clone)]
pub struct TokenSecrets {
    current: TokenSecret,
    previous: Option<TokenSecret>,
    next: Option<TokenSecret>,
}

impl TokenSecrets {
    /// The current secret and the one it replaced.
    pub fn new(current: TokenSecret, previous: Option<TokenSecret>) -> Self {
        Self { current, previous, next: None }
    }

    /// The same, and the secret that comes next: its tokens are known, and none is made with it but for an order that
    /// records its version.
    #[must_use]
    pub fn with_next(self, next: Option<TokenSecret>) -> Self {
        Self { next, ..self }
    }

    /// The version that new tokens are made with; an order records it, so that a replay gives the same token.
    pub fn current_version(&self) -> u32 {
        self.current.version
    }

    /// The token of `order` under `version`. A version no longer held has no living tokens: the order then gets a new
    /// one under the current secret.
    pub fn token(&self, order: Uuid, version: u32) -> ConfirmationToken {
        let secret = self.held().find(|secret| secret.version == version).unwrap_or(&self.current);
        let (order, seal) = (base62::encode(order.as_u128()), base62::encode(secret.seal(order)));
        ConfirmationToken(format!("{order:0>HALF$}{seal:0>HALF$}"))
    }

    /// The order a presented token belongs to, if one of the held secrets made it. Compares in constant time.
    pub fn verify(&self, presented: &str) -> Option<Uuid> {
        let (order, seal) = presented.split_at_checked(HALF)?;
        if presented.len() != 2 * HALF || !presented.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let order = Uuid::from_u128(base62::decode(order).ok()?);
        let seal = base62::decode(seal).ok()?;
        let genuine = self.held().fold(Choice::from(0), |found, secret| found | secret.seal(order).ct_eq(&seal));
        bool::from(genuine).then_some(order)
    }

    fn held(&self) -> impl Iterator<Item = &TokenSecret> {
        std::iter::once(&self.current).chain(&self.previous).chain(&self.next)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret(version: u32) -> TokenSecret {
        TokenSecret::new(version, format!("a secret of version {version}")).unwrap()
    }

    proptest! {
        #[test]
        fn a_token_names_its_order_and_no_other(order in any::<u128>(), flipped in 0usize..44) {
            let secrets = TokenSecrets::new(secret(2), Some(secret(1)));
            let order = Uuid::from_u128(order);
            for version in [1, 2] {
                let token = secrets.token(order, version);
                prop_assert_eq!(token.as_str().len(), 44);
                prop_assert!(token.as_str().bytes().all(|b| b.is_ascii_alphanumeric()));
                prop_assert_eq!(secrets.verify(token.as_str()), Some(order));
                let mut forged = token.as_str().as_bytes().to_vec();
                forged[flipped] = if forged[flipped] == b'a' { b'b' } else { b'a' };
                prop_assert_eq!(secrets.verify(std::str::from_utf8(&forged).unwrap()), None);
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            prop_assert_eq!(TokenSecrets::new(secret(1), None).verify(&text), None);
        }
    }

    #[test]
    fn a_rotated_secret_keeps_its_tokens_and_a_foreign_one_has_none() {
        let order = Uuid::from_u128(7);
        let before = TokenSecrets::new(secret(1), None);
        let after = TokenSecrets::new(secret(2), Some(secret(1)));
        let token = before.token(order, 1);
        assert_eq!(after.token(order, 1), token);
        assert_eq!(after.verify(token.as_str()), Some(order));
        assert_eq!(TokenSecrets::new(secret(3), Some(secret(2))).verify(token.as_str()), None);
        assert_eq!(format!("{token:?}{after:?}").matches("secret of").count(), 0);
        assert!(TokenSecret::new(1, "short").is_none());
    }

    /// Environments of both sides of a deployment, while callers come to either.
    #[test]
    fn through_a_rotation_every_environment_knows_every_others_tokens() {
        let before = TokenSecrets::new(secret(1), None);
        let told = TokenSecrets::new(secret(1), None).with_next(Some(secret(2)));
        let moved = TokenSecrets::new(secret(2), Some(secret(1)));
        let told_again = moved.clone().with_next(Some(secret(3)));
        let moved_again = TokenSecrets::new(secret(3), Some(secret(2)));
        let order = Uuid::from_u128(7);
        for (one, other) in [(&before, &told), (&told, &moved), (&moved, &told_again), (&told_again, &moved_again)] {
            for (maker, reader) in [(one, other), (other, one)] {
                let version = maker.current_version();
                let token = maker.token(order, version);
                assert_eq!(reader.verify(token.as_str()), Some(order), "{maker:?} {reader:?}");
                assert_eq!(reader.token(order, version), token, "a copy of the request gets the same one");
            }
        }
        assert_eq!(told.current_version(), 1, "what comes is known, and not used yet");
        assert_eq!(before.verify(moved.token(order, 2).as_str()), None, "which is why it is told first");
        assert_eq!(moved_again.verify(before.token(order, 1).as_str()), None);
    }
}
