//! The attributes of a queue that a caller sets.
//!
//! Names, ranges and defaults:
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::redrive_policy::{RedrivePolicy, is_redrive_allow_policy};

/// The longest visibility timeout: 12 hours.
pub(crate) const MAX_VISIBILITY: Duration = Duration::from_hours(12);
/// The longest delay of a message: 15 minutes.
pub(crate) const MAX_DELAY: Duration = Duration::from_mins(15);
/// The longest wait of a receive.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(20);
/// The largest message, and the largest batch: 1 MiB, in bytes.
pub(crate) const MAX_MESSAGE_SIZE: usize = 1_048_576;

/// Attributes that only FIFO queues have.
const FIFO_ONLY: [&str; 4] = ["FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"];

/// Attributes that are stored and returned and have no effect here.
pub(crate) const WITHOUT_EFFECT: [&str; 5] =
    ["KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "SqsManagedSseEnabled"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) visibility_timeout: Duration,
    pub(crate) delay: Duration,
    pub(crate) retention: Duration,
    pub(crate) receive_wait: Duration,
    /// Bytes of body and attributes together.
    pub(crate) maximum_message_size: usize,
    pub(crate) redrive: Option<RedrivePolicy>,
    without_effect: BTreeMap<&'static str, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            visibility_timeout: Duration::from_secs(30),
            delay: Duration::ZERO,
            retention: Duration::from_hours(4 * 24),
            receive_wait: Duration::ZERO,
            maximum_message_size: MAX_MESSAGE_SIZE,
            redrive: None,
            without_effect: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// These settings with `attributes` laid over them; nothing is taken when one is refused.
    pub(crate) fn with(&self, attributes: &[(&str, &str)]) -> Result<Self, Error> {
        let mut settings = self.clone();
        for (name, value) in attributes {
            settings.set(name, value)?;
        }
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        match name {
            "VisibilityTimeout" => self.visibility_timeout = seconds(name, value, 0..=43_200)?,
            "DelaySeconds" => self.delay = seconds(name, value, 0..=900)?,
            // One minute to 14 days.
            "MessageRetentionPeriod" => self.retention = seconds(name, value, 60..=1_209_600)?,
            "ReceiveMessageWaitTimeSeconds" => self.receive_wait = seconds(name, value, 0..=20)?,
            "MaximumMessageSize" => {
                let bytes = number(name, value, 1_024..=1_048_576)?;
                self.maximum_message_size = usize::try_from(bytes).unwrap_or(MAX_MESSAGE_SIZE);
            }
            // An empty policy takes the policy away.
            "RedrivePolicy" if value.is_empty() => self.redrive = None,
            "RedrivePolicy" => self.redrive = Some(RedrivePolicy::parse(value)?),
            "RedriveAllowPolicy" if !value.is_empty() && !is_redrive_allow_policy(value) => {
                return Err(invalid_value(name));
            }
            "FifoQueue" if value == "false" => {}
            name if FIFO_ONLY.contains(&name) => return Err(fifo_refused()),
            name => self.store(name, value)?,
        }
        Ok(())
    }

    fn store(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let known = WITHOUT_EFFECT.into_iter().find(|known| *known == name);
        let name = known.ok_or_else(|| unknown_attribute(name))?;
        if value.is_empty() {
            self.without_effect.remove(name);
        } else {
            self.without_effect.insert(name, value.to_owned());
        }
        Ok(())
    }

    /// The settings as `GetQueueAttributes` returns them.
    pub(crate) fn render(&self) -> BTreeMap<&'static str, String> {
        let mut attributes = BTreeMap::from([
            ("DelaySeconds", self.delay.as_secs().to_string()),
            ("MaximumMessageSize", self.maximum_message_size.to_string()),
            ("MessageRetentionPeriod", self.retention.as_secs().to_string()),
            ("ReceiveMessageWaitTimeSeconds", self.receive_wait.as_secs().to_string()),
            ("VisibilityTimeout", self.visibility_timeout.as_secs().to_string()),
        ]);
        if let Some(redrive) = &self.redrive {
            attributes.insert("RedrivePolicy", redrive.render());
        }
        attributes.extend(self.without_effect.iter().map(|(name, value)| (*name, value.clone())));
        attributes
    }
}

pub(crate) fn unknown_attribute(name: &str) -> Error {
    Error::new(ErrorKind::InvalidAttributeName, format!("Unknown Attribute {name}."))
}

pub(crate) fn fifo_refused() -> Error {
    let message = "FIFO queues are not supported by this local endpoint; use a standard queue.";
    Error::new(ErrorKind::UnsupportedOperation, message)
}

fn invalid_value(name: &str) -> Error {
    let message = format!("Invalid value for the parameter {name}.");
    Error::new(ErrorKind::InvalidAttributeValue, message)
}

fn number(name: &str, value: &str, range: RangeInclusive<u64>) -> Result<u64, Error> {
    value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| invalid_value(name))
}

fn seconds(name: &str, value: &str, range: RangeInclusive<u64>) -> Result<Duration, Error> {
    number(name, value, range).map(Duration::from_secs)
}

/// Refuses a visibility timeout beyond its limit.
pub(crate) fn check_visibility(visibility: Duration) -> Result<(), Error> {
    if visibility > MAX_VISIBILITY {
        let reason = "Must be between 0 and 43200.";
        return Err(Error::parameter("VisibilityTimeout", visibility.as_secs(), reason));
    }
    Ok(())
}
