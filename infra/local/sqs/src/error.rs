//! The one error type, and how each kind is named on the wire.

use std::fmt;

/// Why SQS refuses a request.
///
/// The kinds are those of the
/// [API reference](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html#API_SendMessage_Errors)
/// and its [common errors](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Two entries of a batch have the same id.
    BatchEntryIdsNotDistinct,
    /// The messages of a batch are larger than 1 MiB together.
    BatchRequestTooLong,
    /// A batch without entries.
    EmptyBatchRequest,
    /// A fault of this crate, not of the caller.
    Internal,
    /// A queue attribute that SQS does not have, or that cannot be set.
    InvalidAttributeName,
    /// A queue attribute outside its range.
    InvalidAttributeValue,
    /// A batch entry id that is not 1 to 80 letters, digits, hyphens and underscores.
    InvalidBatchEntryId,
    /// A message body with characters that XML 1.0 does not have.
    InvalidMessageContents,
    /// Any other parameter outside its range.
    InvalidParameterValue,
    /// The receipt no longer hides its message, so its timeout cannot be changed.
    MessageNotInflight,
    /// A required parameter is absent.
    MissingParameter,
    /// 120,000 messages are in flight already.
    OverLimit,
    /// No queue has the name in the queue URL.
    QueueDoesNotExist,
    /// A queue of this name exists with other attributes.
    QueueNameExists,
    /// The text is not a receipt handle, or one of another queue.
    ReceiptHandleIsInvalid,
    /// No queue has the ARN given to a move task.
    ResourceNotFound,
    /// The body of the request is not JSON of the operation's shape.
    Serialization,
    /// A batch of more than ten entries.
    TooManyEntriesInBatchRequest,
    /// The target header names no operation that is implemented.
    UnknownOperation,
    /// Something SQS can do and this crate cannot, such as FIFO queues.
    UnsupportedOperation,
}

impl ErrorKind {
    /// The `__type` of the JSON protocol. Kinds that the SQS model does not name come from the
    /// framework beneath it and carry that framework's namespace.
    pub(crate) fn shape(self) -> &'static str {
        match self {
            Self::BatchEntryIdsNotDistinct => "com.amazonaws.sqs#BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong => "com.amazonaws.sqs#BatchRequestTooLong",
            Self::EmptyBatchRequest => "com.amazonaws.sqs#EmptyBatchRequest",
            Self::Internal => "com.amazon.coral.service#InternalFailure",
            Self::InvalidAttributeName => "com.amazonaws.sqs#InvalidAttributeName",
            Self::InvalidAttributeValue => "com.amazonaws.sqs#InvalidAttributeValue",
            Self::InvalidBatchEntryId => "com.amazonaws.sqs#InvalidBatchEntryId",
            Self::InvalidMessageContents => "com.amazonaws.sqs#InvalidMessageContents",
            Self::InvalidParameterValue => "com.amazon.coral.service#InvalidParameterValueException",
            Self::MessageNotInflight => "com.amazonaws.sqs#MessageNotInflight",
            Self::MissingParameter => "com.amazon.coral.service#MissingRequiredParameterException",
            Self::OverLimit => "com.amazonaws.sqs#OverLimit",
            Self::QueueDoesNotExist => "com.amazonaws.sqs#QueueDoesNotExist",
            Self::QueueNameExists => "com.amazonaws.sqs#QueueNameExists",
            Self::ReceiptHandleIsInvalid => "com.amazonaws.sqs#ReceiptHandleIsInvalid",
            Self::ResourceNotFound => "com.amazonaws.sqs#ResourceNotFoundException",
            Self::Serialization => "com.amazon.coral.service#SerializationException",
            Self::TooManyEntriesInBatchRequest => "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
            Self::UnknownOperation => "com.amazon.coral.service#UnknownOperationException",
            Self::UnsupportedOperation => "com.amazonaws.sqs#UnsupportedOperation",
        }
    }

    /// The code of the older query protocol, which SDKs still show to callers, and which batch
    /// replies carry for an entry.
    pub(crate) fn query_code(self) -> &'static str {
        match self {
            Self::BatchEntryIdsNotDistinct => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong => "AWS.SimpleQueueService.BatchRequestTooLong",
            Self::EmptyBatchRequest => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::Internal => "InternalFailure",
            Self::InvalidAttributeName => "InvalidAttributeName",
            Self::InvalidAttributeValue => "InvalidAttributeValue",
            Self::InvalidBatchEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            Self::InvalidMessageContents => "InvalidMessageContents",
            Self::InvalidParameterValue => "InvalidParameterValue",
            Self::MessageNotInflight => "AWS.SimpleQueueService.MessageNotInflight",
            Self::MissingParameter => "MissingParameter",
            Self::OverLimit => "OverLimit",
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
            Self::QueueNameExists => "QueueAlreadyExists",
            Self::ReceiptHandleIsInvalid => "ReceiptHandleIsInvalid",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Serialization => "SerializationException",
            Self::TooManyEntriesInBatchRequest => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            Self::UnknownOperation => "InvalidAction",
            Self::UnsupportedOperation => "AWS.SimpleQueueService.UnsupportedOperation",
        }
    }

    /// Whether the request is at fault (status 400) rather than this crate (status 500).
    #[must_use]
    pub fn is_sender_fault(self) -> bool {
        self != Self::Internal
    }
}

/// A refused request: its kind, and one sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The sentence SQS uses for a parameter outside its range.
    pub(crate) fn parameter(name: &str, value: impl fmt::Display, reason: &str) -> Self {
        let message = format!("Value {value} for parameter {name} is invalid. Reason: {reason}");
        Self::new(ErrorKind::InvalidParameterValue, message)
    }

    /// What kind of refusal this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
