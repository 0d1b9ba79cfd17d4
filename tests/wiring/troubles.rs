//! What becomes of an event when AWS does not answer, when the time is up, and when the event is none.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use local::{DEMO_KEY, functions::API};
use serde_json::{Value, json};
use support::service::TestService;

use crate::{
    answers::{message, provision},
    function::{Function, body, data, event, stack},
};

/// Where nobody listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// The function with a table and queues that nobody answers for.
async fn cut_off(service: &TestService, name: &str) -> Function {
    let nowhere = nowhere();
    let set = [("AWS_ENDPOINT_URL_DYNAMODB", nowhere.as_str()), ("AWS_ENDPOINT_URL_SQS", nowhere.as_str())];
    Function::start(service, name, &set).await
}

/// The one line that a function logged for its event.
fn logged(name: &str, log: &str) -> Value {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let own: Vec<Value> = lines.filter(|line| line["action"] == name).collect();
    assert_eq!(own.len(), 1, "{name}: {log}");
    own.into_iter().next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_function_starts_without_a_table_and_tells_to_come_again() {
    let service = stack().await;
    for name in API.iter().copied() {
        let mut function = cut_off(&service, name).await;
        let reply = function.send(&event(name)).await;
        let said = body(&reply, 503);
        let sentence = "The service cannot answer right now. Please try again in a moment.";
        if reply["body"].as_str().unwrap().contains("success") {
            assert_eq!(
                said,
                json!({ "success": false, "data": null, "error": sentence, "code": "unavailable" }),
                "{name}"
            );
        } else {
            assert_eq!(said["error"]["code"], "INTERNAL_ERROR", "{name}: {said}");
        }
        assert_eq!(reply["headers"]["retry-after"], "2", "{name}");
        let log = function.end().await;
        assert!(log.contains("not done in init"), "{name}: {log}");
        let line = logged(name, &log);
        assert_eq!((&line["level"], &line["outcome"]), (&json!("WARN"), &json!("fault")), "{name}");
        assert!(line["cause"].as_str().unwrap().ends_with(": could not be sent"), "{line}");
        // Each call was made three times.
        assert_eq!(line["calls"], 3, "{name}: {line}");
        for private in [DEMO_KEY, "john@example.com", "the-tests-own"] {
            assert!(!log.contains(private), "{name}: {log}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_a_table_gives_everything_back() {
    let service = stack().await;
    let all = |name: &str, identifier: &str| {
        let event = event(name);
        let records = event["Records"].as_array().unwrap().iter();
        let failures = records.map(|record| json!({ "itemIdentifier": record[identifier] })).collect::<Vec<_>>();
        (event, json!({ "batchItemFailures": failures }))
    };
    for name in ["provision", "deliver_events"] {
        let (event, everything) = all(name, "messageId");
        let mut function = cut_off(&service, name).await;
        let mut reply = function.send(&event).await;
        let failures = reply["batchItemFailures"].as_array_mut().unwrap();
        failures.sort_by_key(|failure| failure["itemIdentifier"].to_string());
        assert_eq!(reply, everything, "{name}");
    }
    // Of the stream, from the first record on.
    let mut function = cut_off(&service, "publish_events").await;
    let event = event("publish_events");
    let first = &event["Records"][0]["dynamodb"]["SequenceNumber"];
    assert_eq!(function.send(&event).await, json!({ "batchItemFailures": [{ "itemIdentifier": first }] }));
    assert_eq!(logged("publish_events", &function.end().await)["outcome"], "again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_without_a_table_is_a_failed_one() {
    let service = stack().await;
    let mut function = cut_off(&service, "sweep").await;
    let error = function.answer(event("sweep").to_string(), Duration::from_secs(50)).await.unwrap_err();
    assert!(error["errorMessage"].as_str().unwrap().ends_with(": could not be sent"), "{error}");
    let log = function.end().await;
    assert!(log.contains("\"SweepTroubles\":[1.0]"), "{log}");
    let line = logged("sweep", &log);
    assert_eq!((&line["level"], &line["outcome"]), (&json!("ERROR"), &json!("fault")));
}

/// A table that takes calls and never answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_answered_before_its_time_is_up() {
    let service = stack().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    for (name, code) in [("get_products", "/code"), ("get_order", "/error/code")] {
        let mut function = Function::start(&service, name, &[("AWS_ENDPOINT_URL_DYNAMODB", &url)]).await;
        let began = Instant::now();
        let reply = function.answer(event(name).to_string(), Duration::from_millis(1_500)).await.unwrap();
        assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());
        let body = body(&reply, 503);
        assert_eq!(reply["headers"]["retry-after"], "2");
        assert!(body.pointer(code).is_some(), "in the envelope of its side: {body}");
        let log = function.end().await;
        assert_eq!(log.matches("the invocation's time was up").count(), 1, "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_for_which_there_is_no_time_goes_back_to_the_queue() {
    let service = stack().await;
    let mut complete = Function::start(&service, "complete_order", &[]).await;
    data(&complete.send(&event("complete_order")).await);
    let mut function = Function::start(&service, "provision", &[]).await;
    let messages = [message(&service).await];
    let reply = function.answer(provision(&messages).to_string(), Duration::from_millis(100)).await.unwrap();
    assert_eq!(reply, json!({ "batchItemFailures": [{ "itemIdentifier": messages[0].message_id }] }));
    assert!(service.items_of("order").await.iter().all(|order| support::service::text(order, "status") == "queued"));
    // For whoever is free, at once.
    let again = [message(&service).await];
    assert_eq!(again[0].body, messages[0].body);
    assert_eq!(function.send(&provision(&again)).await, json!({ "batchItemFailures": [] }));
    assert!(function.end().await.contains("the invocation's time was up"));
}

/// The event may be anything: it is parsed by the function itself, which logs nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_none_is_refused_and_not_logged() {
    let service = stack().await;
    let mut function = Function::start(&service, "complete_order", &[]).await;
    let mut broken = event("complete_order");
    broken["requestContext"]["http"]["method"] = json!(["POST"]);
    let old = json!({ "httpMethod": "POST", "path": "/api/complete_order", "headers": broken["headers"] });
    let others = [json!([]), json!(null), json!("text"), json!({ "headers": 5 }), old, broken];
    for event in &others {
        let reply = function.send(event).await;
        assert_eq!(body(&reply, 401)["success"], false, "{event}");
    }
    data(&function.send(&event("complete_order")).await);
    let log = function.end().await;
    for private in [DEMO_KEY, "john@example.com", "203.0.113.9", "panicked"] {
        assert!(!log.contains(private), "{log}");
    }
}
