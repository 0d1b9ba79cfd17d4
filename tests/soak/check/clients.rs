//! What clients sent and were told.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Findings;

/// A request for an order of a shop.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) body: Value,
    /// `data` of its success, if there was one.
    pub(crate) data: Option<Value>,
}

/// The requests by the shop's order, in the order they are sent: one makes it, others may pay for it.
#[derive(Debug, Default)]
pub(crate) struct Sent(pub(crate) BTreeMap<String, Vec<(String, Request)>>);

impl Sent {
    /// Reads the log. Two answers to one request must be equal.
    pub(crate) fn read(log: &str, findings: &mut Findings) -> Result<Self, serde_json::Error> {
        let mut sent = Self::default();
        for line in log.lines() {
            let mut line: Value = serde_json::from_str(line)?;
            let order = line["order"].as_str().unwrap_or_default().to_owned();
            let action = line["action"].as_str().unwrap_or_default().to_owned();
            let requests = sent.0.entry(order.clone()).or_default();
            if line["event"] == "sent" {
                requests.push((action, Request { body: line["body"].take(), data: None }));
                continue;
            }
            let Some((_, request)) = requests.iter_mut().find(|(name, _)| *name == action) else {
                findings.wrong(format!("{order}: an answer to {action}, which was never sent"));
                continue;
            };
            let reply: Value = serde_json::from_str(line["reply"].as_str().unwrap_or_default()).unwrap_or_default();
            if line["status"] != 200 {
                findings.wrong(format!("{order}: {action} was refused: {reply}"));
                continue;
            }
            match &request.data {
                Some(first) if *first != reply["data"] => {
                    findings.wrong(format!("{order}: {action} was answered {first} and {}", reply["data"]));
                }
                _ => request.data = Some(reply["data"].clone()),
            }
        }
        Ok(sent)
    }
}
