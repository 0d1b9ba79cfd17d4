//! The AWS JSON 1.0 protocol: an operation named by a header, JSON in, JSON out.
//!
//! Shapes: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html>

mod attribute_json;
mod batch_operations;
mod message_operations;
mod move_operations;
mod parameters;
mod queue_operations;
mod receive_operation;

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

/// Performs the operation that the target names.
pub(crate) async fn perform(request: Request<'_>) -> Reply {
    let operation = request.target.strip_prefix("AmazonSQS.").unwrap_or_default();
    match operation {
        "ChangeMessageVisibility" => message_operations::change_visibility(&request),
        "ChangeMessageVisibilityBatch" => batch_operations::change_visibility(&request),
        "CreateQueue" => queue_operations::create(&request),
        "DeleteMessage" => message_operations::delete(&request),
        "DeleteMessageBatch" => batch_operations::delete(&request),
        "DeleteQueue" => queue_operations::delete(&request),
        "GetQueueAttributes" => queue_operations::get_attributes(&request),
        "GetQueueUrl" => queue_operations::get_url(&request),
        "ListMessageMoveTasks" => move_operations::list(&request),
        "ListQueues" => queue_operations::list(&request),
        "PurgeQueue" => queue_operations::purge(&request),
        "ReceiveMessage" => receive_operation::receive(request).await,
        "SendMessage" => message_operations::send(&request),
        "SendMessageBatch" => batch_operations::send(&request),
        "SetQueueAttributes" => queue_operations::set_attributes(&request),
        "StartMessageMoveTask" => move_operations::start(&request),
        _ => Err(unknown(request.target)),
    }
}

fn unknown(target: &str) -> Error {
    let message = if target.is_empty() {
        "The request has no X-Amz-Target header. This endpoint speaks the AWS JSON 1.0 protocol, not \
         the query protocol of older clients."
            .to_owned()
    } else {
        format!("The operation {target} is not supported by this local endpoint.")
    };
    Error::new(ErrorKind::UnknownOperation, message)
}

fn read<T: DeserializeOwned>(request: &Request<'_>) -> Result<T, Error> {
    // Operations whose parameters are all optional may come without a body.
    let body = if request.body.is_empty() { b"{}" } else { request.body };
    serde_json::from_slice(body).map_err(|error| Error::new(ErrorKind::Serialization, error.to_string()))
}

fn reply(value: &impl Serialize) -> Reply {
    serde_json::to_vec(value).map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))
}

/// The reply of operations that return nothing.
#[derive(Serialize)]
struct Empty {}
