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
mod request;

use crate::error::{Error, ErrorKind};

pub(crate) use request::{Reply, Request};

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
