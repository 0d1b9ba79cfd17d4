//! Calls of the panel, timed.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use shared::{
    domain::time::Timestamp,
    ports::{Panel, PanelAnswer, PanelFault},
};

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The effect is done.
    Done,
    /// It was refused for good.
    Refused,
    /// No answer that could be used.
    Fault,
}

/// A panel whose calls are timed.
pub(crate) struct Timed<'a, P> {
    panel: &'a P,
    calls: Mutex<Vec<(Outcome, f64)>>,
}

impl<'a, P: Panel> Timed<'a, P> {
    pub(crate) fn new(panel: &'a P) -> Self {
        Self { panel, calls: Mutex::new(Vec::new()) }
    }

    /// How often it was called; none where there is no panel.
    pub(crate) fn count(&self) -> Option<usize> {
        self.panel.is_there().then(|| self.calls.lock().unwrap_or_else(PoisonError::into_inner).len())
    }

    /// How each call ended, and after how many milliseconds.
    pub(crate) fn into_calls(self) -> Vec<(Outcome, f64)> {
        self.calls.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Panel> Panel for Timed<'_, P> {
    fn is_there(&self) -> bool {
        self.panel.is_there()
    }

    async fn tell(&self, id: &str, body: &str, at: Timestamp) -> Result<PanelAnswer, PanelFault> {
        let started = Instant::now();
        let answer = self.panel.tell(id, body, at).await;
        let outcome = match &answer {
            Ok(PanelAnswer::Done(_)) => Outcome::Done,
            Ok(PanelAnswer::Refused { .. }) => Outcome::Refused,
            Err(_) => Outcome::Fault,
        };
        if self.is_there() {
            let ms = started.elapsed().as_secs_f64() * 1_000.0;
            self.calls.lock().unwrap_or_else(PoisonError::into_inner).push((outcome, ms));
        }
        answer
    }
}
