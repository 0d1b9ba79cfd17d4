//! From the SDK's errors to the ports' errors: the operation and the code, never what was sent.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::ports::PortError;

/// What went wrong with `operation`.
pub fn call_error<E: ProvideErrorMetadata, R>(operation: &'static str, error: &SdkError<E, R>) -> PortError {
    let code = match error {
        SdkError::TimeoutError(_) => return PortError::Timeout { operation },
        SdkError::DispatchFailure(_) => "could not be sent",
        SdkError::ConstructionFailure(_) => "could not be built",
        SdkError::ResponseError(_) => "got an unreadable answer",
        _ => error.code().unwrap_or("failed"),
    };
    PortError::Call { operation, code: code.to_owned() }
}
