//! Alarms and dashboard look at metrics that there are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use serde_yaml_ng::Value;
use shared::lambda::metrics::{DIMENSION, Metric, NAMESPACE};

use crate::documents::{Document, functions, tagged, text};

/// A metric as it is looked at.
#[derive(Debug)]
pub(crate) struct Seen {
    at: String,
    namespace: String,
    name: String,
    dimensions: BTreeMap<String, String>,
}

/// A namespace, its metrics, and the sets of dimensions they have.
type Known = (&'static str, &'static [&'static str], &'static [&'static [&'static str]]);

/// Metrics of AWS's own, each with the dimensions that it is looked at by. From
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>,
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>,
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html>.
const OF_AWS: [Known; 4] = [
    ("AWS/ApiGateway", &["5xx", "Count", "IntegrationLatency", "Latency"], &[&["ApiId"]]),
    ("AWS/Lambda", &["Duration", "Errors", "Invocations", "IteratorAge", "Throttles"], &[&[], &["FunctionName"]]),
    (
        "AWS/SQS",
        &[
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesVisible",
            "NumberOfEmptyReceives",
            "NumberOfMessagesSent",
        ],
        &[&["QueueName"]],
    ),
    (
        "AWS/DynamoDB",
        &["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents"],
        &[&["TableName"], &["GlobalSecondaryIndexName", "TableName"]],
    ),
];

pub(crate) fn of_alarms() -> Vec<Seen> {
    let alarms = Document::read("infra/stacks/alarms.yaml");
    let mut seen = Vec::new();
    for (name, alarm) in alarms.of_type("AWS::CloudWatch::Alarm") {
        let properties = &alarm["Properties"];
        let metrics: Vec<&Value> = match properties.get("Metrics").and_then(Value::as_sequence) {
            None => vec![properties],
            Some(queries) => queries
                .iter()
                .filter_map(|query| query.get("MetricStat"))
                .map(|statistic| &statistic["Metric"])
                .collect(),
        };
        // CloudWatch's limit for an alarm on an expression.
        assert!((1..=10).contains(&metrics.len()), "{name}");
        for metric in metrics {
            let dimensions = metric.get("Dimensions").and_then(Value::as_sequence).into_iter().flatten();
            let value = |value: &Value| tagged(value, "Ref").unwrap_or(value).as_str().unwrap().to_owned();
            seen.push(Seen {
                at: name.clone(),
                namespace: metric["Namespace"].as_str().unwrap().to_owned(),
                name: metric["MetricName"].as_str().unwrap().to_owned(),
                dimensions: dimensions
                    .map(|dimension| (value(&dimension["Name"]), value(&dimension["Value"])))
                    .collect(),
            });
        }
    }
    seen
}

fn of_dashboard() -> Vec<Seen> {
    let document = Document::read("infra/stacks/dashboard.yaml");
    let body = tagged(&document.root["Resources"]["Dashboard"]["Properties"]["DashboardBody"], "Sub").unwrap();
    let body: Json = serde_json::from_str(body.as_str().unwrap()).unwrap();
    let mut seen = Vec::new();
    for widget in body["widgets"].as_array().unwrap() {
        let properties = &widget["properties"];
        let at = properties["title"].as_str().unwrap().to_owned();
        for metric in properties["metrics"].as_array().unwrap() {
            let parts: Vec<&str> = metric.as_array().unwrap().iter().filter_map(Json::as_str).collect();
            if let Some(expression) = metric[0]["expression"].as_str() {
                seen.push(of_search(&at, expression));
                continue;
            }
            let (namespace, name) = (parts[0].to_owned(), parts[1].to_owned());
            let dimensions = parts[2..].chunks(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect();
            seen.push(Seen { at: at.clone(), namespace, name, dimensions });
        }
    }
    seen
}

/// `SEARCH('{Namespace,Dimension} MetricName="Name" ...`.
fn of_search(at: &str, expression: &str) -> Seen {
    let (schema, rest) = expression.strip_prefix("SEARCH('{").unwrap().split_once("} MetricName=\"").unwrap();
    let mut schema = schema.split(',').map(str::to_owned);
    Seen {
        at: at.to_owned(),
        namespace: schema.next().unwrap(),
        name: rest.split('"').next().unwrap().to_owned(),
        dimensions: schema.map(|name| (name, String::new())).collect(),
    }
}

/// What a function can emit, by its code: the workers name their metrics; the API's functions emit what their replies are.
fn emitted(function: &str) -> BTreeSet<&'static str> {
    let code = text(&format!("functions/{function}/src/lib.rs"));
    let mut metrics: Vec<Metric> =
        Metric::ALL.into_iter().filter(|metric| code.contains(&format!("Metric::{metric:?}"))).collect();
    if !["provision", "sweep", "publish_events", "deliver_events"].contains(&function) {
        metrics.extend([Metric::OrdersRefused, Metric::Faults]);
        if code.contains("panelr::recorded(") || code.contains(".recorded(recorded)") {
            metrics.extend([Metric::OrdersAccepted, Metric::OrdersReplayed]);
        }
        if text(&format!("functions/{function}/src/main.rs")).contains("environment.queue()") {
            metrics.push(Metric::SendFailures);
        }
        if code.contains("Outcome::Submitted") {
            metrics.extend([Metric::PaymentsSubmitted, Metric::OrdersReplayed]);
        }
    }
    metrics.into_iter().map(Metric::name).collect()
}

/// How many metrics a stack can have: CloudWatch counts each by its dimension's values.
pub(crate) fn of_all_functions() -> usize {
    functions(&Document::main()).keys().map(|function| emitted(function).len()).sum()
}

#[test]
fn our_metrics_are_emitted_by_the_functions_named() {
    let template = Document::main();
    let functions: BTreeSet<String> = functions(&template).into_keys().collect();
    let mut ours = 0;
    for seen in of_alarms().into_iter().chain(of_dashboard()).filter(|seen| seen.namespace == NAMESPACE) {
        let metric = Metric::ALL.into_iter().find(|metric| metric.name() == seen.name);
        let metric = metric.unwrap_or_else(|| panic!("{seen:?}: there is no such metric"));
        assert_eq!(seen.dimensions.len(), 1, "{seen:?}");
        let function = seen.dimensions.get(DIMENSION).unwrap_or_else(|| panic!("{seen:?}: wrong dimension"));
        if function.is_empty() {
            // A search finds every function that emits it.
            assert!(functions.iter().any(|one| emitted(one).contains(metric.name())), "{seen:?}: nothing emits it");
        } else {
            assert!(functions.contains(function), "{seen:?}: there is no such function");
            assert!(emitted(function).contains(metric.name()), "{seen:?}: that function does not emit it");
        }
        ours += 1;
    }
    assert!(ours > 20, "{ours}");
}

#[test]
fn every_metric_of_ours_is_looked_at() {
    let seen: BTreeSet<String> = of_alarms()
        .into_iter()
        .chain(of_dashboard())
        .filter(|seen| seen.namespace == NAMESPACE)
        .map(|seen| seen.name)
        .collect();
    assert_eq!(seen, Metric::ALL.into_iter().map(|metric| metric.name().to_owned()).collect());
}

#[test]
fn metrics_of_aws_are_known_and_have_their_dimensions() {
    for seen in of_alarms().into_iter().chain(of_dashboard()).filter(|seen| seen.namespace != NAMESPACE) {
        let (_, names, dimensions) = OF_AWS
            .into_iter()
            .find(|(namespace, ..)| *namespace == seen.namespace)
            .unwrap_or_else(|| panic!("{seen:?}: unknown namespace"));
        assert!(names.contains(&seen.name.as_str()), "{seen:?}: unknown metric");
        let given: Vec<&str> = seen.dimensions.keys().map(String::as_str).collect();
        assert!(dimensions.contains(&given.as_slice()), "{seen:?}: wrong dimensions");
        if let Some(index) = seen.dimensions.get("GlobalSecondaryIndexName") {
            use shared::aws::dynamodb::layout::{CUSTOMER_INDEX, OPEN_INDEX};
            assert!([OPEN_INDEX, CUSTOMER_INDEX].contains(&index.as_str()), "{} looks at index {index}", seen.at);
        }
    }
}
