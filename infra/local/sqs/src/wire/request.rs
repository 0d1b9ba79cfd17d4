//! A request, and how its operation reads and answers it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::error::{Error, ErrorKind};
use crate::queues::Queues;

/// One request, taken apart.
pub(crate) struct Request<'a> {
    pub(crate) queues: &'a Queues,
    /// Turns true when the server stops.
    pub(crate) closing: watch::Receiver<bool>,
    /// The `X-Amz-Target` header, `AmazonSQS.<Operation>`.
    pub(crate) target: &'a str,
    /// The `Host` header, which queue URLs in the reply take over.
    pub(crate) host: &'a str,
    pub(crate) body: &'a [u8],
}

/// The body of a reply.
pub(crate) type Reply = Result<Vec<u8>, Error>;

pub(super) fn read<T: DeserializeOwned>(request: &Request<'_>) -> Result<T, Error> {
    // Operations whose parameters are all optional may come without a body.
    let body = if request.body.is_empty() { b"{}" } else { request.body };
    serde_json::from_slice(body).map_err(|error| Error::new(ErrorKind::Serialization, error.to_string()))
}

pub(super) fn reply(value: &impl Serialize) -> Reply {
    serde_json::to_vec(value).map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))
}

/// The reply of operations that return nothing.
#[derive(Serialize)]
pub(super) struct Empty {}
