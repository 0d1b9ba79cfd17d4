//! From the SDK's errors to the ports' errors: the operation and the code, never what was sent.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::ports::PortError;

/// What went wrong with `operation`.
pub fn unavailable<E: ProvideErrorMetadata, R>(operation: &str, error: &SdkError<E, R>) -> PortError {
    let kind = match error {
        SdkError::TimeoutError(_) => "timed out",
        SdkError::DispatchFailure(_) => "could not be sent",
        SdkError::ConstructionFailure(_) => "could not be built",
        SdkError::ResponseError(_) => "got an unreadable answer",
        _ => error.code().unwrap_or("failed"),
    };
    PortError::Unavailable(format!("{operation}: {kind}"))
}
