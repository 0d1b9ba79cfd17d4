//! The queues in this process: made as the template defines them, found under their URLs.

use local_sqs::Queues;

use crate::{
    error::StartError,
    template::{self, Template},
};

/// The region that everything here is in.
pub const REGION: &str = "us-east-1";

const QUEUE: &str = "work-orders";
const DEAD_LETTERS: &str = "work-orders-dead-letters";
const EVENTS: &str = "work-orders-events";
const EVENTS_DEAD_LETTERS: &str = "work-orders-events-dead-letters";
const UNPUBLISHED: &str = "work-orders-unpublished";

/// Where the queues are.
#[derive(Debug, Clone)]
pub struct QueueUrls {
    /// Paid orders.
    pub provision: String,
    /// Where messages rest that were delivered too often.
    pub dead_letters: String,
    /// Events on their way.
    pub events: String,
    /// Where events rest that were tried too often.
    pub events_dead_letters: String,
    /// Where what rests of the table's stream that could not be published.
    pub unpublished: String,
}

impl QueueUrls {
    /// Those of an SQS endpoint.
    pub fn of(endpoint: &str) -> Self {
        let at = |name: &str| format!("{endpoint}/000000000000/{name}");
        Self {
            provision: at(QUEUE),
            dead_letters: at(DEAD_LETTERS),
            events: at(EVENTS),
            events_dead_letters: at(EVENTS_DEAD_LETTERS),
            unpublished: at(UNPUBLISHED),
        }
    }
}

/// The queues that the template defines.
pub fn make(template: &Template) -> Result<Queues, StartError> {
    let queues = Queues::new(REGION);
    let refuse = |cause: local_sqs::Error| StartError::new(format!("a queue could not be made: {cause}"));
    let with_dead_letters = |name: &str, dead_letters: &str, settings: &template::Queue| {
        let dead = queues.create(dead_letters, &[])?;
        let redrive = serde_json::json!({
            "deadLetterTargetArn": dead.arn(),
            "maxReceiveCount": settings.max_receive_count,
        });
        let visibility = settings.visibility_timeout.to_string();
        queues.create(name, &[("VisibilityTimeout", &visibility), ("RedrivePolicy", &redrive.to_string())])
    };
    with_dead_letters(QUEUE, DEAD_LETTERS, &template.queue).map_err(refuse)?;
    with_dead_letters(EVENTS, EVENTS_DEAD_LETTERS, &template.events).map_err(refuse)?;
    queues.create(UNPUBLISHED, &[]).map_err(refuse)?;
    Ok(queues)
}
