//! The redrive policy: when a message is given up, and which queue takes it.

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind};

/// The range of `maxReceiveCount`, from the
/// [`SetQueueAttributes` reference](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html).
const RECEIVE_COUNTS: std::ops::RangeInclusive<u32> = 1..=1000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedrivePolicy {
    pub(crate) target_arn: String,
    /// A message that was received this often goes to the target instead of being received again.
    pub(crate) max_receive_count: u32,
}

impl RedrivePolicy {
    /// Reads the JSON of the attribute. The count may be a number or a number in a string, both of
    /// which SQS takes.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        Self::read(text).ok_or_else(|| {
            let message = format!(
                "Value {text} for parameter RedrivePolicy is invalid. Reason: it must be JSON with \
                 deadLetterTargetArn and a maxReceiveCount from 1 to 1000."
            );
            Error::new(ErrorKind::InvalidParameterValue, message)
        })
    }

    fn read(text: &str) -> Option<Self> {
        let policy: Value = serde_json::from_str(text).ok()?;
        let count = match policy.get("maxReceiveCount")? {
            Value::String(digits) => digits.parse().ok()?,
            number => u32::try_from(number.as_u64()?).ok()?,
        };
        let target_arn = policy.get("deadLetterTargetArn")?.as_str()?.to_owned();
        RECEIVE_COUNTS.contains(&count).then_some(Self { target_arn, max_receive_count: count })
    }

    /// The attribute as `GetQueueAttributes` returns it.
    pub(crate) fn render(&self) -> String {
        json!({ "deadLetterTargetArn": self.target_arn, "maxReceiveCount": self.max_receive_count }).to_string()
    }
}

/// Checks the shape of a `RedriveAllowPolicy`; the text is stored as it came.
pub(crate) fn is_redrive_allow_policy(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|policy| {
        let permission = policy.get("redrivePermission").and_then(Value::as_str);
        matches!(permission, Some("allowAll" | "denyAll" | "byQueue"))
    })
}
