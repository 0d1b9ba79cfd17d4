//! The queues of the account, made, found and deleted.

use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::account::Account;
use crate::error::{Error, ErrorKind};
use crate::queue::Queue;
use crate::queue_state::{QueueState, no_such_queue};
use crate::settings::{Settings, fifo_refused};

/// The longest name of a queue:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>
const MAX_QUEUE_NAME: usize = 80;

/// The queues of account `000000000000` in one region. Clones are the same account.
#[derive(Clone)]
pub struct Queues(Arc<Account>);

impl Default for Queues {
    /// An account in `us-east-1`.
    fn default() -> Self {
        Self::new("us-east-1")
    }
}

impl fmt::Debug for Queues {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Queues").field("region", &self.0.region).finish_non_exhaustive()
    }
}

impl Queues {
    /// An account without queues; `region` stands in their ARNs.
    #[must_use]
    pub fn new(region: impl Into<String>) -> Self {
        Self(Arc::new(Account { region: region.into(), queues: RwLock::default() }))
    }

    /// Creates a queue. If it exists with these attributes, it is returned as it is.
    ///
    /// `attributes` are names and values as SQS has them, such as `("VisibilityTimeout", "30")`. A
    /// `RedrivePolicy` names a queue that exists already.
    ///
    /// # Errors
    /// `QueueNameExists` when it exists with another value of one of these attributes,
    /// `UnsupportedOperation` for a FIFO queue, `InvalidParameterValue` for a name that is not 1 to
    /// 80 letters, digits, hyphens and underscores, and those of [`Queue::set_attributes`].
    pub fn create(&self, name: &str, attributes: &[(&str, &str)]) -> Result<Queue, Error> {
        check_name(name)?;
        let settings = Settings::default().with(attributes)?;
        let arn = self.0.arn(name);
        self.0.check_redrive(&arn, settings.redrive.as_ref())?;
        let mut queues = self.0.queues.write();
        if let Some(existing) = queues.get(name) {
            let queue = Queue::new(Arc::clone(existing), Arc::clone(&self.0));
            let current = existing.settings(Clone::clone)?;
            return if current.with(attributes)? == current {
                Ok(queue)
            } else {
                let message = "A queue already exists with the same name and a different value for \
                               an attribute.";
                Err(Error::new(ErrorKind::QueueNameExists, message))
            };
        }
        let shared = Arc::new(QueueState::new(name, arn, settings));
        queues.insert(name.to_owned(), Arc::clone(&shared));
        Ok(Queue::new(shared, Arc::clone(&self.0)))
    }

    /// The queue of that name.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub fn get(&self, name: &str) -> Result<Queue, Error> {
        self.0.find(name).map(|shared| Queue::new(shared, Arc::clone(&self.0))).ok_or_else(no_such_queue)
    }

    /// The queue that a queue URL names by its last path segment, whatever its host and account: a
    /// client may have got the URL elsewhere, or reach the server under another host.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub fn by_url(&self, url: &str) -> Result<Queue, Error> {
        self.get(url.trim_end_matches('/').rsplit('/').next().unwrap_or_default())
    }

    /// All queues whose names start with `prefix`, in ascending order of name.
    #[must_use]
    pub fn list(&self, prefix: &str) -> Vec<Queue> {
        let queues = self.0.queues.read();
        let matching = queues.values().map(|shared| Queue::new(Arc::clone(shared), Arc::clone(&self.0)));
        matching.filter(|queue| queue.name().starts_with(prefix)).collect()
    }

    /// Deletes a queue with its messages. Consumers that wait for one get `QueueDoesNotExist`.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub fn delete(&self, name: &str) -> Result<(), Error> {
        let shared = self.0.queues.write().remove(name).ok_or_else(no_such_queue)?;
        shared.mark_deleted();
        Ok(())
    }

    pub(crate) fn account(&self) -> &Account {
        &self.0
    }
}

/// Checks a queue's name.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>
#[allow(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "the suffix of a FIFO queue is no file extension, and SQS compares it as it stands"
)]
fn check_name(name: &str) -> Result<(), Error> {
    if name.ends_with(".fifo") {
        return Err(fifo_refused());
    }
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > MAX_QUEUE_NAME || !name.bytes().all(is_allowed) {
        let reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
        return Err(Error::parameter("QueueName", name, reason));
    }
    Ok(())
}
