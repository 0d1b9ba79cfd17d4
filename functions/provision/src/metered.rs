//! Calls of the provisioner, timed.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use shared::{
    domain::time::Timestamp,
    ports::{Provisioner, ProvisionerAnswer, ProvisionerError},
};

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    /// The effect is done.
    Done,
    /// It was refused for good.
    Refused,
    /// No answer that could be used.
    Fault,
}

/// A provisioner whose calls are timed.
pub(crate) struct Metered<'a, P> {
    provisioner: &'a P,
    calls: Mutex<Vec<(CallOutcome, f64)>>,
}

impl<'a, P: Provisioner> Metered<'a, P> {
    pub(crate) fn new(provisioner: &'a P) -> Self {
        Self { provisioner, calls: Mutex::new(Vec::new()) }
    }

    /// How often it was called; none where there is no provisioner.
    pub(crate) fn count(&self) -> Option<usize> {
        self.provisioner.is_configured().then(|| self.calls.lock().unwrap_or_else(PoisonError::into_inner).len())
    }

    /// How each call ended, and after how many milliseconds.
    pub(crate) fn into_calls(self) -> Vec<(CallOutcome, f64)> {
        self.calls.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Provisioner> Provisioner for Metered<'_, P> {
    fn is_configured(&self) -> bool {
        self.provisioner.is_configured()
    }

    async fn send(&self, id: &str, body: &str, at: Timestamp) -> Result<ProvisionerAnswer, ProvisionerError> {
        let started = Instant::now();
        let answer = self.provisioner.send(id, body, at).await;
        let outcome = match &answer {
            Ok(ProvisionerAnswer::Done(_)) => CallOutcome::Done,
            Ok(ProvisionerAnswer::Refused { .. }) => CallOutcome::Refused,
            Err(_) => CallOutcome::Fault,
        };
        if self.is_configured() {
            let ms = started.elapsed().as_secs_f64() * 1_000.0;
            self.calls.lock().unwrap_or_else(PoisonError::into_inner).push((outcome, ms));
        }
        answer
    }
}
