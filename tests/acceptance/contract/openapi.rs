//! infra/openapi.yaml is what it says it is: an OpenAPI document, with every route in it, its examples real. That every
//! reply in these tests fits it is held where they are received (`TestService::send`).

use std::collections::BTreeSet;

use local::template::Template;
use serde_json::{Value, json};
use support::{
    clock::TestClock,
    openapi::{self, DOCUMENT, Operation},
    service::TestService,
};

mod page;

/// The schema of OpenAPI 3.1 documents, <https://spec.openapis.org/oas/3.1/schema/2022-10-07>, Apache-2.0.
const SPECIFICATION: &str = include_str!("openapi/specification.json");

#[test]
fn it_is_an_openapi_document() {
    let specification: Value = serde_json::from_str(SPECIFICATION).unwrap();
    let validator = jsonschema::options().offline().build(&specification).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(&DOCUMENT).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn its_operations_are_the_templates_routes() {
    let routes = Template::read().unwrap().routes.into_iter();
    let routes: BTreeSet<_> = routes.map(|route| Operation { method: route.method, path: route.path }).collect();
    let operations: BTreeSet<_> = openapi::operations().into_iter().collect();
    assert_eq!(operations, routes);
}

#[test]
fn its_examples_fit_their_schemas() {
    let mut count = 0;
    for place in openapi::places() {
        for (name, example) in openapi::examples(&place) {
            openapi::check(&place, example).unwrap_or_else(|fault| panic!("the example {name}: {fault}"));
            count += 1;
        }
    }
    assert!(count > 60, "{count}");
}

#[test]
fn every_kind_of_reply_and_request_has_an_example() {
    let messages = openapi::places().into_iter().filter(|place| place.ends_with("/application~1json"));
    let without: Vec<String> = messages.filter(|place| openapi::examples(place).is_empty()).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn its_examples_of_replies_are_real_ones() {
    let real = snapshots();
    let replies = openapi::places().into_iter().filter(|place| place.contains("/responses/"));
    for place in replies.filter(|place| place.ends_with("/application~1json")) {
        for (name, example) in openapi::examples(&place) {
            let mut example = example.clone();
            for (field, named) in [("confirmation_token", "<44 letters and digits>"), ("uniqid", "<uuid>")] {
                for holder in ["/data", "/data/0"] {
                    if let Some(value) = example.pointer_mut(&format!("{holder}/{field}")) {
                        *value = named.into();
                    }
                }
            }
            assert!(real.contains(&example), "{place} {name} is in no snapshot: {example:#}");
        }
    }
}

/// The bodies of the snapshots.
fn snapshots() -> Vec<Value> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/acceptance/contract/snapshots")).unwrap();
    let files = folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    files.map(|text| serde_json::from_str(text.rsplit_once("\n\n").unwrap().1).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn its_examples_of_requests_work() {
    for operation in openapi::operations() {
        let body = format!("{}/requestBody/content/application~1json", operation.place());
        let mut bodies = openapi::examples(&body);
        if bodies.is_empty() {
            bodies.push((String::new(), &Value::Null));
        }
        for (name, body) in bodies {
            let (service, token) = demo().await;
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let answer = send(&service, &operation, &body.replace(&documented_token(), &token)).await;
            assert_eq!(answer.status, 200, "{operation:?} {name}: {}", answer.text);
        }
    }
}

fn documented_token() -> String {
    let examples = openapi::examples("/paths/~1api~1submit_payment/post/requestBody/content/application~1json");
    examples[0].1["confirmation_token"].as_str().unwrap().to_owned()
}

/// A service with the orders that the examples name: 42, and 43 with its token.
async fn demo() -> (TestService, String) {
    let service = TestService::by_hand(&TestClock::at("2026-11-23 12:00:00")).await;
    let first = |action: &str| {
        let place = format!("/paths/~1api~1{action}/post/requestBody/content/application~1json");
        openapi::examples(&place)[0].1.clone()
    };
    let paid = service.post("complete_order", &first("complete_order")).await.data();
    assert_eq!(paid["reference_code"], "WO-2026-00042");
    service.drain().await;
    let waiting = service.created(&first("create_work_order")).await;
    assert_eq!(waiting["reference_code"], "WO-2026-00043");
    let token = waiting["confirmation_token"].as_str().unwrap().to_owned();
    (service, token)
}

/// The operation with the examples of its parameters.
async fn send(service: &TestService, operation: &Operation, body: &str) -> support::service::Answer {
    let (mut path, mut query) = (operation.path.clone(), String::new());
    let lists = [operation.place(), operation.place().rsplit_once('/').unwrap().0.to_owned()];
    for place in lists.map(|place| place + "/parameters") {
        let count = openapi::at(&place).and_then(|(_, list)| list.as_array()).map_or(0, Vec::len);
        for index in 0..count {
            let (_, parameter) = openapi::at(&format!("{place}/{index}")).unwrap();
            let (name, example) = (parameter["name"].as_str().unwrap(), parameter["example"].as_str());
            match (parameter["in"].as_str().unwrap(), example) {
                ("path", Some(example)) => path = path.replace(&format!("{{{name}}}"), example),
                ("query", Some(example)) => query = format!("{query}&{name}={example}"),
                _ => {}
            }
        }
    }
    let bearer = format!("Bearer {}", service.key);
    let headers = [("X-Panelr-API-Key", service.key.as_str()), ("Authorization", &bearer)];
    let target = format!("{path}?{}", query.trim_start_matches('&'));
    service.send(&operation.method, &target, &headers, body).await
}

#[test]
fn what_is_not_documented_is_noticed() {
    let reply = |status, body: Value| support::service::Answer {
        status,
        text: body.to_string(),
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
    };
    let good = json!({ "success": true, "data": { "work_order_id": 42, "reference_code": "WO-2026-00042",
        "status": "queued", "type": "renewal", "item_count": 1 }, "error": null });
    let check =
        |status, body: &Value| openapi::check_reply("POST", "/api/complete_order", &reply(status, body.clone()));
    check(200, &good).unwrap();
    assert!(check(201, &good).unwrap_err().contains("not documented"));
    assert!(check(405, &good).is_err());
    for (place, value) in [("/data/notes", json!("x")), ("/code", json!("x")), ("/data/item_count", json!("1"))] {
        let mut bad = good.clone();
        let (holder, name) = place.rsplit_once('/').unwrap();
        bad.pointer_mut(holder).unwrap()[name] = value;
        assert!(check(200, &bad).is_err(), "{bad}");
    }
    let mut bad = good.clone();
    bad["data"].as_object_mut().unwrap().remove("type");
    assert!(check(200, &bad).unwrap_err().contains("\"type\" is a required property"));
    let unavailable = json!({ "success": false, "data": null, "error": "Later.", "code": "unavailable" });
    assert!(check(503, &unavailable).unwrap_err().contains("RetryAfter is missing"));
    let legacy = openapi::check_reply("POST", "/api/api.php?action=complete_order", &reply(200, good.clone()));
    legacy.unwrap();
    assert!(openapi::check_reply("POST", "/api/api.php", &reply(200, good)).is_err());
}
