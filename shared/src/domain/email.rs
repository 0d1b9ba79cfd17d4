//! E-mail addresses.

use std::fmt;

use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};

/// A customer's e-mail address, trimmed, of the form `local@domain.tld`. Compared without case. Debug prints none of it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The longest address, in characters (RFC 5321: a path of 256 octets less its two brackets).
    pub const MAX_CHARS: usize = 254;

    /// The address in `text`, or nothing if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
        if text.chars().count() > Self::MAX_CHARS || text.chars().any(char::is_control) {
            return None;
        }
        EmailAddress::parse_with_options(text, options).ok()?;
        Some(Self(text.to_owned()))
    }

    /// As the customer wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In the form that is compared and indexed: lower case.
    pub fn normalized(&self) -> String {
        self.0.to_lowercase()
    }

    /// Is `other` this address? Compares trimmed and without case, in a time that does not depend on where they differ.
    pub fn matches(&self, other: &str) -> bool {
        use subtle::ConstantTimeEq;
        self.normalized().as_bytes().ct_eq(other.trim().to_lowercase().as_bytes()).into()
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for Email {}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_text() {
        for good in ["john@example.com", " John+x@Example.co.uk ", "a@b.co", "jörg@exämple.de"] {
            assert!(Email::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "john",
            "john@",
            "@example.com",
            "john@example",
            "a b@example.com",
            "a@b@c.de",
            "john@example..com",
            "a@.com",
            "John <john@example.com>",
            "a@[127.0.0.1]",
            "a\n@example.com",
        ] {
            assert!(Email::parse(bad).is_none(), "{bad}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(64))).is_some());
        assert!(Email::parse(&format!("a@{}.com", "b.".repeat(130))).is_none());
    }

    #[test]
    fn case_and_space_do_not_count() {
        let email = Email::parse(" John@Example.com").unwrap();
        assert!(email.matches("jOHN@example.COM "));
        assert!(!email.matches("jane@example.com"));
        assert_eq!(format!("{email:?}"), "Email(…)");
    }
}
