//! Bad input is refused with the right status and a sentence that names the field, and leaves nothing behind.

use aws_sdk_dynamodb::types::AttributeValue;
use local::DEMO_KEY;
use serde_json::{Value, json};
use shared::domain::api_key::KeyHash;
use support::{
    clock::TestClock,
    service::{Answer, TestService, paid_cart, with},
};

mod cases;
mod fields;

const READER: &str = "a-key-that-may-only-read";
const WRITER: &str = "a-key-that-may-only-write";
const REVOKED: &str = "a-key-that-was-revoked";
const UNAUTHORIZED: &str = r#"{"success":false,"data":null,"error":"Invalid or missing API key."}"#;

/// A request, and what is expected of the answer.
struct Case {
    name: String,
    method: &'static str,
    target: String,
    key: Option<&'static str>,
    idempotency_key: Option<String>,
    body: Vec<u8>,
    expected: Expected,
}

enum Expected {
    Accepted,
    /// With this status, and this in the sentence.
    Refused(u16, &'static str),
}

impl Case {
    fn new(name: &str, method: &'static str, target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.to_owned(),
            method,
            target: target.to_owned(),
            key: Some(DEMO_KEY),
            idempotency_key: None,
            body: body.into(),
            expected: Expected::Accepted,
        }
    }

    fn post(name: &str, action: &str, body: &Value) -> Self {
        Self::new(name, "POST", &format!("/api/{action}"), body.to_string())
    }

    fn refused(mut self, status: u16, says: &'static str) -> Self {
        self.expected = Expected::Refused(status, says);
        self
    }

    fn under_key(mut self, key: Option<&'static str>) -> Self {
        self.key = key;
        self
    }

    fn once(mut self, key: &str) -> Self {
        self.idempotency_key = Some(key.to_owned());
        self
    }

    async fn send(&self, service: &TestService) -> Answer {
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(self.key.map(|key| ("X-Panelr-API-Key", key)));
        headers.extend(self.idempotency_key.as_deref().map(|key| ("Idempotency-Key", key)));
        service.send(self.method, &self.target, &headers, self.body.clone()).await
    }

    /// What is wrong with the answer.
    fn fault(&self, answer: &Answer) -> Option<String> {
        let Expected::Refused(status, says) = self.expected else {
            let whole = format!("{{\"success\":true,\"data\":{},\"error\":null}}", answer.json()["data"]);
            return (answer.status != 200 || answer.text != whole || answer.json()["data"].is_null())
                .then(|| format!("is not accepted: {} {}", answer.status, answer.text));
        };
        if answer.status != status {
            return Some(format!("has status {}, not {status}: {}", answer.status, answer.text));
        }
        if status == 401 {
            return (answer.text != UNAUTHORIZED).then(|| format!("is not the one body of a 401: {}", answer.text));
        }
        envelope_fault(answer).or_else(|| {
            let sentence = answer.json()["error"].as_str().unwrap_or_default().to_owned();
            (!sentence.contains(says)).then(|| format!("does not say {says:?}: {sentence}"))
        })
    }
}

/// What is wrong with the envelope of a failure.
fn envelope_fault(answer: &Answer) -> Option<String> {
    let body = answer.json();
    let allowed = ["success", "data", "error", "code", "details", "request_id"];
    let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let sentence = body["error"].as_str().unwrap_or_default();
    let good = keys.iter().all(|key| allowed.contains(key))
        && body["success"] == false
        && body.get("data") == Some(&Value::Null)
        && sentence.ends_with('.')
        && answer.headers["content-type"].starts_with("application/json");
    (!good).then(|| format!("is not in the envelope: {} {:?}", answer.text, answer.headers))
}

/// A service whose catalogue has what the cases need beside the demo's.
async fn shop() -> TestService {
    let clock = TestClock::at("2026-11-23 17:00:00");
    let product = |id: u64, currency: &str, active: bool| {
        json!({ "id": id, "name": format!("Product {id}"), "price_decimal": 5, "currency": currency, "active": active,
                "duration_months": 1, "connections": 1 })
    };
    let more = json!({
        "api_keys": [
            { "name": "demo", "secret": READER, "scopes": ["orders.read", "catalogue.read"] },
            { "name": "demo", "secret": WRITER, "scopes": ["orders.write"] },
            { "name": "demo", "secret": REVOKED, "scopes": ["*"] },
        ],
        "products": [product(4, "USD", false), product(5, "EUR", true)],
        "payment_methods": [{ "id": 4, "name": "old", "mode": "automated", "active": false }],
        "lines": [{ "activation_id": 322, "product_id": 2, "customer_email": "john@example.com", "connections": 2 }],
    });
    let service = TestService::by_hand_with(&clock, more).await;
    let revoked = format!("key#{}", KeyHash::of(REVOKED).as_str());
    let at = AttributeValue::S("2026-11-23T16:59:59Z".to_owned());
    service.set(&revoked, "key", "revoked_at", at).await;
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_request_is_refused_in_one_sentence_and_changes_nothing() {
    let service = shop().await;
    let cases = cases::all();
    let mut faults = Vec::new();
    let mut before = service.items().await;
    for case in &cases {
        let answer = case.send(&service).await;
        faults.extend(case.fault(&answer).map(|fault| format!("{}: {fault}", case.name)));
        let after = service.items().await;
        match case.expected {
            Expected::Refused(..) if after != before => faults.push(format!("{}: changes the table", case.name)),
            Expected::Accepted if after.len() <= before.len() => faults.push(format!("{}: makes no order", case.name)),
            _ => {}
        }
        before = after;
    }
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
    assert!(cases.len() >= 80, "{} cases", cases.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_may_come_again_corrected_under_its_key() {
    let service = shop().await;
    let cart = paid_cart("1001");
    let headers = [("Idempotency-Key", "order-1001")];
    let bad = with(&cart, json!({ "payment_method_id": 99 }));
    service.post_with("complete_order", &headers, &bad).await.error(422);
    service.post("complete_order", &bad).await.error(422);
    let first = service.post_with("complete_order", &headers, &cart).await.data();
    let second = service.post("complete_order", &cart).await.data();
    assert_ne!(first["work_order_id"], second["work_order_id"]);
    assert_eq!(service.items_of("order").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_rule_is_told_at_once() {
    let service = shop().await;
    let cart =
        with(&paid_cart("1001"), json!({ "customer_email": "john", "payment_amount": "x", "items": [{ "qty": 0 }] }));
    let details = service.post("complete_order", &cart).await.json()["details"].to_string();
    for field in ["customer_email", "payment_amount", "items[0].product_id", "items[0].intent", "items[0].qty"] {
        assert!(details.contains(&format!("\"{field}\"")), "{field}: {details}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_is_told_the_right_one() {
    let service = shop().await;
    let answer = service.get("complete_order", "").await;
    assert!(answer.error(405).contains("POST"));
    assert_eq!(answer.headers["allow"], "POST");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_while_it_is_remembered_is_refused_within_a_minute() {
    let clock = TestClock::at("2026-11-23 17:00:00");
    let service = TestService::by_hand(&clock).await;
    service.post("complete_order", &paid_cart("1001")).await.data();
    let key = format!("key#{}", KeyHash::of(DEMO_KEY).as_str());
    let at = AttributeValue::S("2026-11-23T17:00:00Z".to_owned());
    service.set(&key, "key", "revoked_at", at).await;
    clock.advance(60);
    let answer = service.post("complete_order", &paid_cart("1002")).await;
    assert_eq!((answer.status, answer.text.as_str()), (401, UNAUTHORIZED));
}
