//! The system that serves the lines.

use std::{future::Future, time::Duration};

use super::PortError;
use crate::domain::{panel::PanelValues, time::Timestamp};

/// What the panel answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PanelAnswer {
    /// The effect is done, now or before.
    Done(PanelValues),
    /// The effect was not done and will not be, however often it is asked for.
    Refused {
        /// HTTP status, 4xx.
        status: u16,
        /// The panel's word for why: `[a-z_]`, at most 40 of them. It goes into logs.
        code: Option<String>,
    },
}

/// The panel could not be asked, or its answer was lost: whether the effect is done is not known. The text of the cause goes
/// into logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelFault {
    /// Why.
    pub cause: PortError,
    /// When it wants to be asked again.
    pub retry_after: Option<Duration>,
}

/// The panel.
pub trait Panel: Send + Sync {
    /// Is there one? Without, the service's own lines are the record of what is served, and nobody is told.
    fn is_there(&self) -> bool;

    /// Tells the panel of an effect, within 5 seconds. Told again under the same id, with the same body, it answers as if
    /// it had done the effect once. `at`: now.
    fn tell(&self, id: &str, body: &str, at: Timestamp)
    -> impl Future<Output = Result<PanelAnswer, PanelFault>> + Send;
}

/// No panel: the service's own lines are the record.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPanel;

impl Panel for NoPanel {
    fn is_there(&self) -> bool {
        false
    }

    // Asked only for an effect that was reserved while there was a panel.
    async fn tell(&self, _: &str, _: &str, _: Timestamp) -> Result<PanelAnswer, PanelFault> {
        Ok(PanelAnswer::Done(PanelValues::default()))
    }
}

impl<P: Panel> Panel for Option<P> {
    fn is_there(&self) -> bool {
        self.as_ref().is_some_and(Panel::is_there)
    }

    async fn tell(&self, id: &str, body: &str, at: Timestamp) -> Result<PanelAnswer, PanelFault> {
        match self {
            Some(panel) => panel.tell(id, body, at).await,
            None => NoPanel.tell(id, body, at).await,
        }
    }
}
