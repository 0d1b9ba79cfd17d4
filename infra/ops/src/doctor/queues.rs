//! The queues: how many messages wait, whether dead letters go where they are looked for, and what rests there. Nothing is
//! received: that would count as a delivery.

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use shared::{
    aws::{error::call_error, sqs::Sqs},
    ports::{PortError, Queue},
    use_case::provisioning::sweep::BACKLOG,
};

use super::finding::{Finding, State, finding};
use crate::{context::Context, error::OpsError};

/// What a check found, under the name that a fault of it is told by.
type Check = (&'static str, Result<Vec<Finding>, OpsError>);

/// The checks of all queues. Those of the events' queues are left out, and that is said, where nobody said where these are.
pub(super) async fn checks(context: &Context) -> Vec<Check> {
    let connection = &context.connection;
    let (orders, events) = (connection.queue_url(), connection.events_queue_url());
    let mut checks = vec![
        ("queue", working(context, ["queue", "dead letters' way"], orders, connection.dead_letter_queue_url()).await),
        ("dead letters", resting(context, "dead letters", connection.dead_letter_queue_url(), LIST).await),
    ];
    let dead = connection.events_dead_letter_queue_url();
    let names = ["events' queue", "events' dead letters' way"];
    checks.push((names[0], optional(names[0], working(context, names, events, dead).await)));
    let dead = connection.events_dead_letter_queue_url();
    let found = resting(context, "events' dead letters", dead, LIST_EVENTS).await;
    checks.push(("events' dead letters", optional("events' dead letters", found)));
    let found = resting(context, "unpublished", connection.unpublished_queue_url(), LIST_UNPUBLISHED).await;
    checks.push(("unpublished", optional("unpublished", found)));
    checks
}

const LIST: &str = "ops dlq list, then redrive";
const LIST_EVENTS: &str = "ops dlq list --queue events, then redrive";
const LIST_UNPUBLISHED: &str = "ops dlq list --queue unpublished; endpoints were not told";

/// A queue that nobody has named is no fault of the stack's.
fn optional(check: &'static str, found: Result<Vec<Finding>, OpsError>) -> Result<Vec<Finding>, OpsError> {
    match found {
        Err(OpsError::Usage(sentence)) => {
            let wanted = sentence.trim_start_matches("Which stack? ").to_owned();
            Ok(vec![finding(check, State::Note, format!("not looked at. {wanted}"))])
        }
        found => found,
    }
}

/// A queue that is worked off, and whether its dead letters go to `dead`.
async fn working(
    context: &Context,
    [queue, way]: [&'static str; 2],
    url: Result<&str, OpsError>,
    dead: Result<&str, OpsError>,
) -> Result<Vec<Finding>, OpsError> {
    let (url, name) = (url?, dead?.rsplit('/').next().unwrap_or_default());
    let wanted = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::RedrivePolicy,
    ];
    let call = context.connection.sqs.get_queue_attributes().queue_url(url);
    let answer = call.set_attribute_names(Some(wanted.to_vec())).send().await;
    let answer = answer.map_err(|error| OpsError::Port(call_error("GetQueueAttributes", &error)))?;
    let [waiting, hidden, policy] =
        wanted.map(|name| answer.attributes.as_ref().and_then(|all| all.get(&name)).map(String::as_str));
    let count = |number: Option<&str>| number.and_then(|number| number.parse::<u64>().ok());
    let unread = || OpsError::Port(PortError::Corrupt("the queue's depth cannot be read".to_owned()));
    let (waiting, hidden) = (count(waiting).ok_or_else(unread)?, count(hidden).unwrap_or_default());
    let state = if waiting > BACKLOG { State::Wrong } else { State::Ok };
    let under_way = if hidden > 0 { format!(", {hidden} in work or between attempts") } else { String::new() };
    let target = policy.and_then(|policy| serde_json::from_str::<Value>(policy).ok());
    let target = target.as_ref().and_then(|policy| policy["deadLetterTargetArn"].as_str()).unwrap_or_default();
    let dead = if target.ends_with(&format!(":{name}")) {
        finding(way, State::Ok, format!("to {name}"))
    } else {
        finding(way, State::Wrong, format!("the queue's dead letters do not go to {name}"))
    };
    Ok(vec![finding(queue, state, format!("{waiting} waiting{under_way}")), dead])
}

/// A queue that only a person takes from.
async fn resting(
    context: &Context,
    check: &'static str,
    url: Result<&str, OpsError>,
    remedy: &str,
) -> Result<Vec<Finding>, OpsError> {
    let resting = Sqs::new(context.connection.sqs.clone(), url?).waiting().await?;
    Ok(vec![if resting == 0 {
        finding(check, State::Ok, "none")
    } else {
        finding(check, State::Wrong, format!("{resting} ({remedy})"))
    }])
}
