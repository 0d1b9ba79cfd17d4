//! The Shoppex side of a function: its envelope.

use super::reply::{Outcome, Reply};
use crate::wire::shoppex::failure as envelope;

/// A failure with this status.
pub fn failure(status: u16, code: &'static str, message: &str) -> Reply {
    Reply::new(status, envelope(code, message, &[]), Outcome::of_status(status), code)
}

/// A fault of ours that a retry may cure.
pub fn fault(cause: String) -> Reply {
    let mut reply = failure(
        503,
        "INTERNAL_ERROR",
        "The service cannot answer right now. Please try again in a moment.",
    );
    reply.retry_after = Some(2);
    reply.cause = Some(cause);
    reply
}
