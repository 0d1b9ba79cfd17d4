//! `GET /_local`: where this service's table and queues are, for the operator's program on the same machine. No part of the
//! deployed API.

use std::net::IpAddr;

use axum::{
    Json,
    http::Method,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::queues::QueueUrls;

/// The path.
pub const PATH: &str = "/_local";

/// Endpoints and names, as the SDKs want them.
#[derive(Debug, Clone, Serialize)]
pub struct LocalEndpoints {
    /// The region that everything here is in.
    pub region: String,
    /// DynamoDB's endpoint.
    pub dynamodb_endpoint: String,
    /// SQS's endpoint.
    pub sqs_endpoint: String,
    /// The table's name.
    pub table: String,
    /// The provisioning queue.
    pub queue_url: String,
    /// Where messages rest that were delivered too often.
    pub dead_letter_queue_url: String,
    /// The queue of events.
    pub events_queue_url: String,
    /// Where events rest that were tried too often.
    pub events_dead_letter_queue_url: String,
    /// What of the table's stream could not be published.
    pub unpublished_queue_url: String,
}

impl LocalEndpoints {
    /// Those of a service with these endpoints.
    pub fn of(region: &str, table: &str, dynamodb_endpoint: String, sqs_endpoint: String, urls: &QueueUrls) -> Self {
        Self {
            region: region.to_owned(),
            dynamodb_endpoint,
            sqs_endpoint,
            table: table.to_owned(),
            queue_url: urls.provision.clone(),
            dead_letter_queue_url: urls.dead_letters.clone(),
            events_queue_url: urls.events.clone(),
            events_dead_letter_queue_url: urls.events_dead_letters.clone(),
            unpublished_queue_url: urls.unpublished.clone(),
        }
    }

    /// The answer, if this is a request for it from this machine.
    pub fn answer(&self, peer: IpAddr, method: &Method, path: &str) -> Option<Response> {
        let asked = *method == Method::GET && path == PATH && peer.to_canonical().is_loopback();
        asked.then(|| Json(self).into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_this_machine_alone() {
        let here = LocalEndpoints::of("", "", String::new(), String::new(), &QueueUrls::of(""));
        let answers =
            |peer: &str, method: Method, path: &str| here.answer(peer.parse().unwrap(), &method, path).is_some();
        for peer in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(answers(peer, Method::GET, PATH), "{peer}");
        }
        for peer in ["10.0.0.1", "192.168.1.2", "172.17.0.1", "::ffff:10.0.0.1", "fe80::1", "0.0.0.0"] {
            assert!(!answers(peer, Method::GET, PATH), "{peer}");
        }
        assert!(!answers("127.0.0.1", Method::POST, PATH));
        assert!(!answers("127.0.0.1", Method::GET, "/_local/"));
    }
}
