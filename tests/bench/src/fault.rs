//! Why a measurement could not be made.

use std::fmt::Display;

/// One sentence for a person.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Fault(String);

impl Fault {
    /// The sentence.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// Says what was being done when something failed.
pub(crate) trait Explain<T> {
    /// The fault `<what>: <cause>`.
    fn explain(self, what: impl Display) -> Result<T, Fault>;
}

impl<T, E: Display> Explain<T> for Result<T, E> {
    fn explain(self, what: impl Display) -> Result<T, Fault> {
        self.map_err(|cause| Fault(format!("{what}: {cause}")))
    }
}
