//! The system that serves the lines.

use std::{future::Future, time::Duration};

use super::error::PortError;
use crate::domain::{provisioner::ProvisionerValues, time::Timestamp};

/// What the provisioner answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvisionerAnswer {
    /// The effect is done, now or before.
    Done(ProvisionerValues),
    /// The effect was not done and will not be, however often it is asked for.
    Refused {
        /// HTTP status, 4xx.
        status: u16,
        /// The provisioner's word for why: `[a-z_]`, at most 40 of them. It goes into logs.
        code: Option<String>,
    },
}

/// The provisioner could not be asked, or its answer was lost: whether the effect is done is not known. The text of the cause goes
/// into logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisionerError {
    /// Why.
    pub cause: PortError,
    /// When it wants to be asked again.
    pub retry_after: Option<Duration>,
}

/// The provisioner.
pub trait Provisioner: Send + Sync {
    /// Is there one? Without, the service's own lines are the record of what is served, and nobody is told.
    fn is_configured(&self) -> bool;

    /// Tells the provisioner of an effect, within 5 seconds. Told again under the same id, with the same body, it answers as if
    /// it had done the effect once. `at`: now.
    fn send(
        &self,
        id: &str,
        body: &str,
        at: Timestamp,
    ) -> impl Future<Output = Result<ProvisionerAnswer, ProvisionerError>> + Send;
}

/// No provisioner: the service's own lines are the record.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProvisioner;

impl Provisioner for NoProvisioner {
    fn is_configured(&self) -> bool {
        false
    }

    // Asked only for an effect that was reserved while there was a provisioner.
    async fn send(&self, _: &str, _: &str, _: Timestamp) -> Result<ProvisionerAnswer, ProvisionerError> {
        Ok(ProvisionerAnswer::Done(ProvisionerValues::default()))
    }
}

impl<P: Provisioner> Provisioner for Option<P> {
    fn is_configured(&self) -> bool {
        self.as_ref().is_some_and(Provisioner::is_configured)
    }

    async fn send(&self, id: &str, body: &str, at: Timestamp) -> Result<ProvisionerAnswer, ProvisionerError> {
        match self {
            Some(provisioner) => provisioner.send(id, body, at).await,
            None => NoProvisioner.send(id, body, at).await,
        }
    }
}
