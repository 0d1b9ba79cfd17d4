//! Metrics in CloudWatch's embedded format: a JSON line on standard output that CloudWatch turns into metrics, with no call
//! of our own. <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::{
    io::Write,
    sync::atomic::{AtomicBool, Ordering},
};

use serde::{Serialize, Serializer, ser::SerializeMap};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "WorkOrders";
/// Their one dimension: the function.
pub const DIMENSION: &str = "Function";

/// A metric of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Orders recorded, or completed by token.
    OrdersAccepted,
    /// Payments that customers submitted.
    PaymentsSubmitted,
    /// Requests answered with an order that was there.
    OrdersReplayed,
    /// Requests refused (4xx).
    OrdersRefused,
    /// Requests that met a fault of ours (5xx).
    Faults,
    /// Messages that could not be sent; the sweep sends them.
    SendFailures,
    /// Orders provisioned.
    OrdersProvisioned,
    /// Orders whose provisioning was given up.
    OrdersFailed,
    /// Deliveries that met a passing fault.
    ProvisionRetries,
    /// Seconds from queued to completed.
    SecondsToProvision,
    /// Orders that the sweep sent again.
    OrdersResent,
    /// Orders that the sweep could not deal with.
    SweepTroubles,
    /// Messages that waited when the sweep held back.
    Backlog,
    /// Events queued, counted once for each endpoint.
    EventsQueued,
    /// Records of the table's stream that could not be understood and were put aside.
    EventsUnpublished,
    /// Events that endpoints have.
    EventsDelivered,
    /// Attempts at an endpoint that failed and are made again.
    EventRetries,
    /// Events given up after the last attempt.
    EventsGivenUp,
    /// Events whose endpoint was gone or switched off.
    EventsDropped,
    /// Calls of the provisioner.
    ProvisionerCalls,
    /// Calls of the provisioner without an answer that could be used; they are made again.
    ProvisionerFaults,
    /// Effects that the provisioner refused for good.
    ProvisionerRefusals,
    /// Milliseconds that a call of the provisioner took.
    ProvisionerMilliseconds,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 23] = [
        Self::OrdersAccepted,
        Self::PaymentsSubmitted,
        Self::OrdersReplayed,
        Self::OrdersRefused,
        Self::Faults,
        Self::SendFailures,
        Self::OrdersProvisioned,
        Self::OrdersFailed,
        Self::ProvisionRetries,
        Self::SecondsToProvision,
        Self::OrdersResent,
        Self::SweepTroubles,
        Self::Backlog,
        Self::EventsQueued,
        Self::EventsUnpublished,
        Self::EventsDelivered,
        Self::EventRetries,
        Self::EventsGivenUp,
        Self::EventsDropped,
        Self::ProvisionerCalls,
        Self::ProvisionerFaults,
        Self::ProvisionerRefusals,
        Self::ProvisionerMilliseconds,
    ];

    /// Its name in CloudWatch.
    pub fn name(self) -> &'static str {
        match self {
            Self::OrdersAccepted => "OrdersAccepted",
            Self::PaymentsSubmitted => "PaymentsSubmitted",
            Self::OrdersReplayed => "OrdersReplayed",
            Self::OrdersRefused => "OrdersRefused",
            Self::Faults => "Faults",
            Self::SendFailures => "SendFailures",
            Self::OrdersProvisioned => "OrdersProvisioned",
            Self::OrdersFailed => "OrdersFailed",
            Self::ProvisionRetries => "ProvisionRetries",
            Self::SecondsToProvision => "SecondsToProvision",
            Self::OrdersResent => "OrdersResent",
            Self::SweepTroubles => "SweepTroubles",
            Self::Backlog => "Backlog",
            Self::EventsQueued => "EventsQueued",
            Self::EventsUnpublished => "EventsUnpublished",
            Self::EventsDelivered => "EventsDelivered",
            Self::EventRetries => "EventRetries",
            Self::EventsGivenUp => "EventsGivenUp",
            Self::EventsDropped => "EventsDropped",
            Self::ProvisionerCalls => "PanelCalls",
            Self::ProvisionerFaults => "PanelFaults",
            Self::ProvisionerRefusals => "PanelRefusals",
            Self::ProvisionerMilliseconds => "PanelMilliseconds",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::SecondsToProvision => "Seconds",
            Self::ProvisionerMilliseconds => "Milliseconds",
            _ => "Count",
        }
    }
}

/// Values collected in one invocation.
#[derive(Debug, Default)]
pub struct Metrics(Vec<(Metric, f64)>);

impl Metrics {
    /// Counts one.
    pub fn count(&mut self, metric: Metric) {
        self.add(metric, 1.0);
    }

    /// Adds a value.
    pub fn add(&mut self, metric: Metric, value: f64) {
        self.0.push((metric, value));
    }

    /// Writes the line, if there is anything to write and metrics are on.
    pub fn emit(&self, function: &str) {
        if !self.0.is_empty() && ENABLED.load(Ordering::Relaxed) {
            let line = self.line(function, chrono::Utc::now().timestamp_millis());
            // Standard output that is gone is no reason to fail an order.
            let _gone = writeln!(std::io::stdout().lock(), "{line}");
        }
    }

    /// The line.
    pub fn line(&self, function: &str, millis: i64) -> String {
        // Several values of a metric make an array, at most 100 of them; a batch has 10 messages.
        let mut values: Vec<(Metric, Vec<f64>)> = Vec::new();
        for (metric, value) in &self.0 {
            match values.iter_mut().find(|(other, _)| other == metric) {
                Some((_, values)) => values.push(*value),
                None => values.push((*metric, vec![*value])),
            }
        }
        serde_json::to_string(&Line { values, function, millis }).unwrap_or_default()
    }
}

/// A line as it is written; no `Value` on the way, which costs each request as much again.
struct Line<'a> {
    values: Vec<(Metric, Vec<f64>)>,
    function: &'a str,
    millis: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Aws {
    timestamp: i64,
    cloud_watch_metrics: [Directive; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: [[&'static str; 1]; 1],
    metrics: Vec<Definition>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: &'static str,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let define = |(metric, _): &(Metric, _)| Definition { name: metric.name(), unit: metric.unit() };
        let metrics = self.values.iter().map(define).collect();
        let directive = Directive { namespace: NAMESPACE, dimensions: [[DIMENSION]], metrics };
        let mut line = serializer.serialize_map(None)?;
        for (metric, values) in &self.values {
            line.serialize_entry(metric.name(), values)?;
        }
        line.serialize_entry(DIMENSION, self.function)?;
        line.serialize_entry("_aws", &Aws { timestamp: self.millis, cloud_watch_metrics: [directive] })?;
        line.end()
    }
}

static ENABLED: AtomicBool = AtomicBool::new(false);

/// Turns the lines on, for a process whose standard output is a log.
pub fn enable() {
    ENABLED.store(true, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_line_is_in_the_embedded_format() {
        let mut metrics = Metrics::default();
        metrics.count(Metric::OrdersProvisioned);
        metrics.count(Metric::OrdersProvisioned);
        metrics.add(Metric::SecondsToProvision, 0.25);
        let line: Value = serde_json::from_str(&metrics.line("provision", 1_790_000_000_000)).unwrap();
        assert_eq!(line["OrdersProvisioned"], json!([1.0, 1.0]));
        assert_eq!(line["Function"], "provision");
        let definition = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(definition["Namespace"], NAMESPACE);
        assert_eq!(definition["Dimensions"], json!([["Function"]]));
        assert_eq!(definition["Metrics"][1], json!({ "Name": "SecondsToProvision", "Unit": "Seconds" }));
    }
}
