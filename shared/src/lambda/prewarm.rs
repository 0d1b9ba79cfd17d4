//! What a function does in init, ahead of its first request: while it starts it has a whole processor, later only its
//! memory's share of one, and a TLS handshake is more work than all the rest of a request.

use crate::ports::PortError;

/// Does what is done ahead. If that fails, the first request does it.
pub async fn run(what: &'static str, work: impl Future<Output = Result<(), PortError>>) {
    if let Err(cause) = work.await {
        tracing::warn!(%cause, what, "not done in init");
    }
}
