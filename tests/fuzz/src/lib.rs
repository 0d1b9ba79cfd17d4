//! Fuzz targets. A target takes bytes, makes of them what a caller or a queue would send, hands that to the real functions over
//! ports in memory, and panics if something does not hold that must: no panic, always an envelope as `infra/openapi.yaml` has it,
//! at most 8 MiB, and what each target says of itself. It returns a word for what became of the input, by which its seeds are
//! named. cargo-fuzz (`libfuzzer/`) and proptest (`tests/`) run the same targets over the same corpora.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "what must hold and does not is told by a panic"
)]

use std::path::PathBuf;

pub mod corpus;
mod event;
pub mod meter;
pub mod mutate;
mod orders;
mod queue;
mod raw;
mod requests;
mod send;
pub mod stretch;
mod values;
mod world;

/// A target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: of its corpus, and of its program for libFuzzer.
    pub name: &'static str,
    /// What its inputs are made of.
    pub kind: Kind,
    check: fn(&[u8]) -> String,
}

/// What a target's inputs are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A request's body, perhaps after lines of a head.
    Body,
    /// Anything else.
    Text,
}

/// Every target.
pub const TARGETS: [Target; 17] = [
    // The API.
    Target { name: "api_gateway_event", kind: Kind::Text, check: event::api_gateway_event },
    Target { name: "http_request", kind: Kind::Body, check: raw::http_request },
    Target { name: "complete_order", kind: Kind::Body, check: orders::complete_order },
    Target { name: "complete_by_token", kind: Kind::Body, check: orders::complete_by_token },
    Target { name: "create_work_order", kind: Kind::Body, check: orders::create_work_order },
    Target { name: "create_activation", kind: Kind::Body, check: orders::create_activation },
    Target { name: "create_renewal", kind: Kind::Body, check: orders::create_renewal },
    Target { name: "get_work_order", kind: Kind::Text, check: requests::get_work_order },
    Target { name: "submit_payment", kind: Kind::Body, check: requests::submit_payment },
    Target { name: "send_payment_instructions", kind: Kind::Body, check: requests::send_payment_instructions },
    Target { name: "complete_pending_order", kind: Kind::Body, check: requests::complete_pending_order },
    Target { name: "get_order", kind: Kind::Text, check: requests::get_order },
    Target { name: "list_orders", kind: Kind::Text, check: requests::list_orders },
    // The provisioning queue.
    Target { name: "sqs_event", kind: Kind::Text, check: queue::sqs_event },
    // Values.
    Target { name: "confirmation_token", kind: Kind::Text, check: values::confirmation_token },
    Target { name: "reference_code", kind: Kind::Text, check: values::reference_code },
    Target { name: "money", kind: Kind::Text, check: values::money },
];

impl Target {
    /// The target of this name.
    pub fn named(name: &str) -> &'static Self {
        TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("there is no target {name}"))
    }

    /// Runs it; what became of the input: an HTTP status, or a word.
    pub fn run(&self, input: &[u8]) -> String {
        (self.check)(input)
    }

    /// The folder of its seeds.
    pub fn corpus(&self) -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus")).join(self.name)
    }
}
