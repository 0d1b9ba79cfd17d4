//! The password of a service line.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The password of a line. Debug prints none of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// 16 of 32 characters: 80 bits.
    const LENGTH: usize = 16;
    /// No 0 and O, no 1, I and l: people read passwords out on the telephone. 32 characters, so that a random byte's
    /// low five bits choose one without bias.
    const ALPHABET: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";

    /// A new random password. Fails only when the operating system gives no randomness.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0u8; Self::LENGTH];
        getrandom::fill(&mut bytes)?;
        Ok(Self(
            bytes
                .iter()
                .filter_map(|byte| Self::ALPHABET.get(usize::from(byte & 31)))
                .map(|byte| char::from(*byte))
                .collect(),
        ))
    }

    /// The password that a provisioner gave.
    pub fn given(text: String) -> Self {
        Self(text)
    }

    /// In clear, for the line's owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_random_and_not_printed() {
        let (one, two) = (Password::random().unwrap(), Password::random().unwrap());
        assert_eq!(one.reveal().len(), 16);
        assert_ne!(one, two);
        assert_eq!(format!("{one:?}"), "Password(…)");
    }
}
