//! The recorded requests of the real clients: each gets an answer in the right envelope.

use serde_json::Value;
use support::service::TestService;

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_request_is_answered_in_the_envelope_of_its_side() {
    let service = TestService::start().await;
    let recorded = include_str!("../../wire/client-requests.jsonl");
    let mut count = 0;
    for line in recorded.lines() {
        let request: Value = serde_json::from_str(line).unwrap();
        let target = request["target"].as_str().unwrap();
        let headers: Vec<(&str, &str)> = request["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
            .filter(|(name, _)| !["host", "content-length", "connection"].contains(&name.to_lowercase().as_str()))
            .map(|(name, value)| (name, if name == "X-Panelr-API-Key" { service.key.as_str() } else { value }))
            .collect();
        let method = request["method"].as_str().unwrap();
        let answer = service.send(method, target, &headers, request["body"].as_str().unwrap()).await;
        let body = answer.json();
        if target.starts_with("/api/") {
            let keys: Vec<&String> = body.as_object().unwrap().keys().take(3).collect();
            assert_eq!(keys, ["success", "data", "error"], "{target}: {}", answer.text);
            let success = answer.status == 200;
            assert_eq!(body["success"], success, "{target}");
            assert_eq!((body["data"].is_null(), body["error"].is_string()), (!success, !success), "{target}");
        } else {
            let error = &body["error"];
            assert!(error["code"].is_string() && error["message"].is_string(), "{target}: {}", answer.text);
            assert_eq!(
                error["doc_url"],
                format!("https://docs.shoppex.io/api/errors#{}", error["code"].as_str().unwrap())
            );
        }
        count += 1;
    }
    assert_eq!(count, recorded.lines().count());
    assert!(count > 60, "{count}");
}
