//! The account: what there is of its queues, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::error::Error;
use crate::queue_state::QueueState;
use crate::redrive_policy::RedrivePolicy;
use crate::settings::Settings;

/// The account id in every ARN and queue URL.
pub const ACCOUNT_ID: &str = "000000000000";

pub(crate) struct Account {
    pub(crate) region: String,
    pub(crate) queues: RwLock<BTreeMap<String, Arc<QueueState>>>,
}

impl Account {
    pub(crate) fn find(&self, name: &str) -> Option<Arc<QueueState>> {
        self.queues.read().get(name).cloned()
    }

    pub(crate) fn arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{}:{ACCOUNT_ID}:{name}", self.region)
    }

    pub(crate) fn find_arn(&self, arn: &str) -> Option<Arc<QueueState>> {
        let name = arn.rsplit(':').next()?;
        self.find(name).filter(|queue| *queue.arn == *arn)
    }

    /// Whether a queue's redrive policy names `arn`.
    pub(crate) fn is_dead_letter_queue(&self, arn: &str) -> bool {
        let targets = |queue: &Arc<QueueState>| {
            let names_it =
                |settings: &Settings| settings.redrive.as_ref().is_some_and(|policy| policy.target_arn == arn);
            queue.settings(names_it).unwrap_or(false)
        };
        self.queues.read().values().any(targets)
    }

    /// Refuses a policy whose target does not exist or is the queue itself.
    pub(crate) fn check_redrive(&self, own_arn: &str, policy: Option<&RedrivePolicy>) -> Result<(), Error> {
        let Some(policy) = policy else { return Ok(()) };
        let reason = if policy.target_arn == own_arn {
            "Dead letter target is the queue itself."
        } else if self.find_arn(&policy.target_arn).is_none() {
            "Dead letter target does not exist."
        } else {
            return Ok(());
        };
        Err(Error::parameter("RedrivePolicy", policy.render(), reason))
    }
}
