//! Message move tasks: what takes messages out of a dead-letter queue again.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html>

use std::sync::Arc;

use uuid::Uuid;

use crate::error::{Error, ErrorKind};
use crate::message::Message;
use crate::move_history::{MoveFailure, MoveTask};
use crate::queue_state::QueueState;
use crate::queues::Queues;
use crate::timestamp::epoch_millis;

impl Queues {
    /// Moves the ready messages of a dead-letter queue to `destination_arn`, or each to the queue it
    /// came from. They count as new: another id, no receives, retention from now. The move is done
    /// when this returns; messages in flight or delayed stay.
    ///
    /// # Errors
    /// `ResourceNotFound` when no queue has an ARN, `InvalidParameterValue` when no queue's redrive
    /// policy names the source, or the destination is the source.
    pub fn start_move_task(&self, source_arn: &str, destination_arn: Option<&str>) -> Result<MoveTask, Error> {
        let source = self.resource(source_arn)?;
        let destination = destination_arn.map(|arn| self.resource(arn)).transpose()?;
        if !self.account().is_dead_letter_queue(source_arn) {
            let reason = "Source queue must be configured as a Dead Letter Queue.";
            return Err(Error::parameter("SourceArn", source_arn, reason));
        }
        if destination_arn == Some(source_arn) {
            let reason = "Source and destination must be different queues.";
            return Err(Error::parameter("DestinationArn", source_arn, reason));
        }
        let messages = source.update(|state, _| Ok(state.backlog.drain_ready()))?;
        let mut task = MoveTask {
            handle: Uuid::new_v4(),
            source_arn: source_arn.to_owned(),
            destination_arn: destination_arn.map(str::to_owned),
            to_move: messages.len(),
            moved: 0,
            failure: None,
            started_millis: epoch_millis(),
        };
        for message in messages {
            let target = match &destination {
                Some(queue) => Ok(queue.clone()),
                None => self.origin(&message),
            };
            match target {
                Ok(queue) => {
                    queue.accept(message.renewed());
                    task.moved += 1;
                }
                Err(failure) => {
                    source.accept(message);
                    task.failure = Some(failure);
                }
            }
        }
        source.update(|state, _| {
            state.moves.remember(task.clone());
            Ok(())
        })?;
        Ok(task)
    }

    /// The latest tasks of a dead-letter queue, newest first, at most ten.
    ///
    /// # Errors
    /// `ResourceNotFound` when no queue has the ARN.
    pub fn move_tasks(&self, source_arn: &str) -> Result<Vec<MoveTask>, Error> {
        self.resource(source_arn)?.update(|state, _| Ok(state.moves.all()))
    }

    fn origin(&self, message: &Message) -> Result<Arc<QueueState>, MoveFailure> {
        let arn = message.dead_letter_source.as_deref();
        let arn = arn.ok_or(MoveFailure::CouldNotDetermineMessageSource)?;
        self.account().find_arn(arn).ok_or(MoveFailure::SourceDoesNotExist)
    }

    fn resource(&self, arn: &str) -> Result<Arc<QueueState>, Error> {
        self.account().find_arn(arn).ok_or_else(|| {
            let message = "The resource that you specified for the SourceArn parameter or the \
                           DestinationArn parameter doesn't exist.";
            Error::new(ErrorKind::ResourceNotFound, message)
        })
    }
}
