//! The signature of [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md),
//! the symmetric one: `v1,` and the Base64 of HMAC-SHA-256 over `id.timestamp.body`.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::time::Timestamp;

/// Header with the message's id: the same at every attempt.
pub const ID: &str = "webhook-id";
/// Header with the time of the attempt, in seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// Header with the signatures, one for each secret.
pub const SIGNATURE: &str = "webhook-signature";

/// What secrets begin with.
const PREFIX: &str = "whsec_";

/// A secret that cannot be used. The text holds nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.rule())]
pub enum SecretError {
    /// There is none.
    None,
    /// Not `whsec_` and Base64.
    NotBase64,
    /// The standard asks for 24 to 64 bytes.
    Length,
}

impl SecretError {
    /// The rule that it breaks.
    pub fn rule(self) -> &'static str {
        match self {
            Self::None => "must be whsec_ and Base64; it is empty",
            Self::NotBase64 => "must be whsec_ and Base64",
            Self::Length => "must be of 24 to 64 bytes in Base64, after whsec_",
        }
    }
}

/// A message to sign.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its id: visible ASCII without a full stop, the same at every attempt.
    pub id: &'a str,
    /// When it is sent.
    pub at: Timestamp,
    /// Its body, as it is sent.
    pub body: &'a [u8],
}

/// The secrets of one endpoint: while they are rotated, a message carries a signature by each. Debug prints none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecrets(Vec<Vec<u8>>);

impl fmt::Debug for SigningSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningSecrets({})", self.0.len())
    }
}

impl SigningSecrets {
    /// Reads one or several secrets, `whsec_<Base64>`, separated by spaces.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let secrets: Vec<Vec<u8>> = text.split_ascii_whitespace().map(decode).collect::<Result<_, _>>()?;
        if secrets.is_empty() { Err(SecretError::None) } else { Ok(Self(secrets)) }
    }

    /// A new random secret as text: `whsec_` and 32 bytes. It is the only time that it can be read.
    pub fn random_text() -> Result<String, getrandom::Error> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes)?;
        Ok(format!("{PREFIX}{}", STANDARD.encode(bytes)))
    }

    /// The value of the header [`SIGNATURE`].
    pub fn sign(&self, message: &Message<'_>) -> String {
        let timestamp = message.at.timestamp().to_string();
        let signatures = self.0.iter().filter_map(|secret| {
            // HMAC takes keys of any length.
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
            for part in [message.id.as_bytes(), b".", timestamp.as_bytes(), b".", message.body] {
                mac.update(part);
            }
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

fn decode(text: &str) -> Result<Vec<u8>, SecretError> {
    let encoded = text.strip_prefix(PREFIX).ok_or(SecretError::NotBase64)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| SecretError::NotBase64)?;
    if (24..=64).contains(&bytes.len()) { Ok(bytes) } else { Err(SecretError::Length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret, id, time and body that the libraries of the Standard Webhooks project test themselves with.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn message() -> Message<'static> {
        Message {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at: Timestamp::from_timestamp(1_614_265_330, 0).unwrap(),
            body: br#"{"test": 2432232314}"#,
        }
    }

    #[test]
    fn the_vector_of_the_standards_libraries() {
        let secrets = SigningSecrets::parse(SECRET).unwrap();
        assert_eq!(secrets.sign(&message()), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_secrets_two_signatures() {
        let other = SigningSecrets::random_text().unwrap();
        let both = SigningSecrets::parse(&format!("{other} {SECRET}")).unwrap().sign(&message());
        let (first, second) = both.split_once(' ').unwrap();
        assert_eq!(first, SigningSecrets::parse(&other).unwrap().sign(&message()));
        assert_eq!(second, SigningSecrets::parse(SECRET).unwrap().sign(&message()));
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_repeated() {
        for (text, why) in [
            ("", SecretError::None),
            ("  ", SecretError::None),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SecretError::NotBase64),
            ("whsec_not base64", SecretError::NotBase64),
            ("whsec_c2hvcnQ=", SecretError::Length),
        ] {
            assert_eq!(SigningSecrets::parse(text), Err(why), "{text}");
        }
        assert_eq!(format!("{:?}", SigningSecrets::parse(SECRET).unwrap()), "SigningSecrets(1)");
    }
}
