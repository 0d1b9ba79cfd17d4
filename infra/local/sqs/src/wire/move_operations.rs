//! Message move tasks.

use serde::{Deserialize, Serialize};

use super::parameters::{count, required};
use super::request::{Reply, Request, read, reply};
use crate::move_history::{MoveFailure, MoveTask};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StartInput {
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i64>,
    source_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListInput {
    max_results: Option<i64>,
    source_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StartOutput {
    task_handle: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListOutput {
    results: Vec<TaskJson>,
}

/// A task in a list. There is no `TaskHandle`: SQS gives it for tasks that run, and these are done.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TaskJson {
    approximate_number_of_messages_moved: usize,
    approximate_number_of_messages_to_move: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<&'static str>,
    source_arn: String,
    started_timestamp: u64,
    status: &'static str,
}

impl From<MoveTask> for TaskJson {
    fn from(task: MoveTask) -> Self {
        Self {
            approximate_number_of_messages_moved: task.moved,
            approximate_number_of_messages_to_move: task.to_move,
            destination_arn: task.destination_arn,
            failure_reason: task.failure.map(MoveFailure::code),
            source_arn: task.source_arn,
            started_timestamp: task.started_millis,
            status: if task.failure.is_none() { "COMPLETED" } else { "FAILED" },
        }
    }
}

pub(super) fn start(request: &Request<'_>) -> Reply {
    let input: StartInput = read(request)?;
    if let Some(rate) = input.max_number_of_messages_per_second {
        // Checked as SQS does, though the move here is done at once.
        count(rate, "MaxNumberOfMessagesPerSecond", 1..=500)?;
    }
    let source = required(input.source_arn.as_ref(), "SourceArn")?;
    let task = request.queues.start_move_task(source, input.destination_arn.as_deref())?;
    reply(&StartOutput { task_handle: task.handle.to_string() })
}

pub(super) fn list(request: &Request<'_>) -> Reply {
    let input: ListInput = read(request)?;
    let source = required(input.source_arn.as_ref(), "SourceArn")?;
    let most = count(input.max_results.unwrap_or(1), "MaxResults", 1..=10)?;
    let tasks = request.queues.move_tasks(source)?;
    reply(&ListOutput { results: tasks.into_iter().take(most).map(TaskJson::from).collect() })
}
