//! Service lines.

use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
};

use super::{
    error::PortError,
    write::{Insert, Save},
};
use crate::domain::{activation::Activation, ids::ActivationId};

/// Service lines.
pub trait Activations: Send + Sync {
    /// These lines, as of now; those that exist.
    fn lines(
        &self,
        ids: &BTreeSet<ActivationId>,
    ) -> impl Future<Output = Result<HashMap<ActivationId, Activation>, PortError>> + Send;

    /// Stores a new line if there is none with its number; returns the one that is there.
    fn make(&self, line: &Activation) -> impl Future<Output = Result<Insert<Activation>, PortError>> + Send;

    /// Stores a changed line, if its version is still the stored one, and counts the version up.
    fn save_activation(&self, line: &mut Activation) -> impl Future<Output = Result<Save, PortError>> + Send;
}
