//! Private fields as they are shown to somebody who has not asked to see them.

use serde_json::{Value, json};
use shared::domain::work_order::Change;

/// Whether private fields are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reveal(pub bool);

impl Reveal {
    /// An e-mail address: `j***@example.com`.
    pub fn email(self, email: &str) -> String {
        if self.0 {
            return email.to_owned();
        }
        let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
        let first: String = local.chars().take(1).collect();
        format!("{first}***@{domain}")
    }

    /// A name, an address, a user name, a password: `***`.
    pub fn text(self, text: &str) -> String {
        if self.0 { text.to_owned() } else { "***".to_owned() }
    }

    /// The same of what may be absent, as JSON.
    pub fn json(self, text: Option<&str>) -> Value {
        text.map_or(Value::Null, |text| json!(self.text(text)))
    }

    /// What somebody wrote: `*** (120 characters)`.
    pub fn prose(self, text: &str) -> String {
        if self.0 { text.to_owned() } else { format!("*** ({} characters)", text.chars().count()) }
    }

    /// The note of a change. What shops and their customers wrote is private; what operators and the service wrote is not.
    pub fn note(self, change: &Change) -> Option<String> {
        let note = change.note.as_deref()?;
        Some(if change.by.starts_with("key:") { self.prose(note) } else { note.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_left_of_what_is_private() {
        let masked = Reveal(false);
        assert_eq!(masked.email("john@example.com"), "j***@example.com");
        assert_eq!(masked.email("\"a@b\"@example.com"), "\"***@example.com");
        assert_eq!(masked.email("jörg@example.com"), "j***@example.com");
        assert_eq!((masked.text("John"), masked.prose("a\u{e4}")), ("***".to_owned(), "*** (2 characters)".to_owned()));
        assert_eq!(Reveal(true).email("john@example.com"), "john@example.com");
    }
}
