//! What is remembered of message move tasks.

use std::collections::VecDeque;

use uuid::Uuid;

/// How many tasks of a queue are remembered, the most that `ListMessageMoveTasks` returns.
const REMEMBERED: usize = 10;

/// Why a task could not move every message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveFailure {
    /// A message was sent to the dead-letter queue directly, so it has no queue to go back to.
    CouldNotDetermineMessageSource,
    /// The queue a message came from was deleted.
    SourceDoesNotExist,
}

impl MoveFailure {
    /// The reason as SQS names it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::CouldNotDetermineMessageSource => "CouldNotDetermineMessageSource",
            Self::SourceDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
        }
    }
}

/// A finished move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTask {
    /// Names the task.
    pub handle: Uuid,
    /// The dead-letter queue.
    pub source_arn: String,
    /// The given destination; none sends each message to the queue it came from.
    pub destination_arn: Option<String>,
    /// Messages that were ready in the dead-letter queue at the start.
    pub to_move: usize,
    /// Messages that have left it.
    pub moved: usize,
    /// Why the others stayed.
    pub failure: Option<MoveFailure>,
    /// When it started, in milliseconds since the Unix epoch.
    pub started_millis: u64,
}

/// The latest tasks of a queue, newest first.
#[derive(Debug, Default)]
pub(crate) struct MoveHistory(VecDeque<MoveTask>);

impl MoveHistory {
    pub(crate) fn remember(&mut self, task: MoveTask) {
        self.0.push_front(task);
        self.0.truncate(REMEMBERED);
    }

    pub(crate) fn all(&self) -> Vec<MoveTask> {
        self.0.iter().cloned().collect()
    }
}
