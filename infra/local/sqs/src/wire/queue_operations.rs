//! Operations on queues.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parameters::{count, missing, queue, required};
use super::request::{Empty, Reply, Request, read, reply};
use crate::settings::{WITHOUT_EFFECT, unknown_attribute};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueInput {
    attribute_names: Option<Vec<String>>,
    attributes: Option<BTreeMap<String, String>>,
    queue_name: Option<String>,
    queue_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListInput {
    max_results: Option<i64>,
    next_token: Option<String>,
    queue_name_prefix: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UrlOutput {
    queue_url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AttributesOutput {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListOutput {
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
}

pub(super) fn create(request: &Request<'_>) -> Reply {
    let input: QueueInput = read(request)?;
    let name = required(input.queue_name.as_ref(), "QueueName")?;
    let attributes = input.attributes.unwrap_or_default();
    let queue = request.queues.create(name, &pairs(&attributes))?;
    reply(&UrlOutput { queue_url: queue.url(request.host) })
}

pub(super) fn get_url(request: &Request<'_>) -> Reply {
    let input: QueueInput = read(request)?;
    let queue = request.queues.get(required(input.queue_name.as_ref(), "QueueName")?)?;
    reply(&UrlOutput { queue_url: queue.url(request.host) })
}

/// Pages are cut after a queue's name, which is the token of the next page.
pub(super) fn list(request: &Request<'_>) -> Reply {
    let input: ListInput = read(request)?;
    // The page size without `MaxResults`, and its upper bound:
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html
    let most = count(input.max_results.unwrap_or(1000), "MaxResults", 1..=1000)?;
    let after = input.next_token.unwrap_or_default();
    let mut queues = request.queues.list(&input.queue_name_prefix.unwrap_or_default());
    queues.retain(|queue| queue.name() > after.as_str());
    let is_cut = queues.len() > most;
    queues.truncate(most);
    reply(&ListOutput {
        next_token: queues.last().filter(|_| is_cut).map(|queue| queue.name().to_owned()),
        queue_urls: queues.iter().map(|queue| queue.url(request.host)).collect(),
    })
}

pub(super) fn delete(request: &Request<'_>) -> Reply {
    let input: QueueInput = read(request)?;
    let queue = queue(request.queues, input.queue_url.as_ref())?;
    request.queues.delete(queue.name())?;
    reply(&Empty {})
}

pub(super) fn purge(request: &Request<'_>) -> Reply {
    let input: QueueInput = read(request)?;
    queue(request.queues, input.queue_url.as_ref())?.purge()?;
    reply(&Empty {})
}

pub(super) fn get_attributes(request: &Request<'_>) -> Reply {
    let input: QueueInput = read(request)?;
    let mut attributes = queue(request.queues, input.queue_url.as_ref())?.attributes()?;
    let names = input.attribute_names.unwrap_or_default();
    let is_known = |name: &str| {
        // These may be asked for and be absent.
        name == "All" || name == "RedrivePolicy" || WITHOUT_EFFECT.contains(&name) || attributes.contains_key(name)
    };
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        return Err(unknown_attribute(unknown));
    }
    if !names.iter().any(|name| name == "All") {
        attributes.retain(|name, _| names.iter().any(|wanted| wanted == name));
    }
    reply(&AttributesOutput { attributes })
}

pub(super) fn set_attributes(request: &Request<'_>) -> Reply {
    let input: QueueInput = read(request)?;
    let queue = queue(request.queues, input.queue_url.as_ref())?;
    let attributes = input.attributes.ok_or_else(|| missing("Attributes"))?;
    queue.set_attributes(&pairs(&attributes))?;
    reply(&Empty {})
}

fn pairs(attributes: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
