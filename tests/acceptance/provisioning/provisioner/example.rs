//! The example receiver: verifies, does each effect once, keeps what it has done.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use example_provisioner::{ExampleProvisioner, Ledger};
use serde_json::{Value, json};
use shared::{
    domain::time::Timestamp,
    outbound::sign::{ID, Message, SIGNATURE, SigningSecrets, TIMESTAMP},
};
use support::provisioner::SECRET;

fn body(id: &str, effect: &str, revision: u64, until: &str) -> Value {
    json!({
        "id": id, "effect": effect,
        "line": { "id": 4201, "revision": revision, "username": "line4201", "password": "secret",
                  "status": if effect == "suspend" { "suspended" } else { "active" }, "connections": 2 },
        "expires_at": until,
    })
}

fn signed_at(body: &Value, at: Timestamp) -> (HeaderMap, Vec<u8>) {
    let (id, bytes) = (body["id"].as_str().unwrap(), body.to_string().into_bytes());
    let message = Message { id, at, body: &bytes };
    let value = |text: &str| HeaderValue::from_str(text).unwrap();
    let headers = [
        (ID, value(id)),
        (TIMESTAMP, value(&at.timestamp().to_string())),
        (SIGNATURE, value(&SigningSecrets::parse(SECRET).unwrap().sign(&message))),
    ];
    (headers.into_iter().map(|(name, value)| (HeaderName::from_static(name), value)).collect(), bytes)
}

fn send(receiver: &ExampleProvisioner, body: &Value) -> (StatusCode, Option<Value>) {
    let (headers, bytes) = signed_at(body, chrono::Utc::now());
    receiver.answer(&headers, &bytes)
}

#[test]
fn a_message_is_done_once_and_answered_alike() {
    let receiver = ExampleProvisioner::new(SECRET, Ledger::in_memory()).unwrap();
    let create = body("a-r1", "create", 1, "2026-12-23T12:00:00Z");
    let first = send(&receiver, &create);
    assert_eq!(first, (StatusCode::OK, Some(json!({ "username": "tv-line4201", "external_id": "panel-4201" }))));
    let renew = body("b-r3", "renew", 3, "2027-01-23T12:00:00Z");
    assert_eq!(send(&receiver, &renew).0, StatusCode::OK);
    assert_eq!(send(&receiver, &create), first, "again, after another: the same answer, and nothing is set back");
    // What was overtaken is left alone.
    let late = body("c-r2", "renew", 2, "2026-12-30T12:00:00Z");
    assert_eq!(send(&receiver, &late), (StatusCode::PRECONDITION_FAILED, Some(json!({ "code": "overtaken" }))));
    receiver.with_ledger(|ledger| {
        let line = &ledger.lines()[&4201];
        assert_eq!((line.expires_at.as_deref(), line.revision), (Some("2027-01-23T12:00:00Z"), 3));
        assert_eq!(line.password.as_deref(), Some("secret"));
        assert_eq!(ledger.done().len(), 2);
    });
    assert_eq!(send(&receiver, &body("d-r4", "suspend", 4, "2027-01-23T12:00:00Z")).0, StatusCode::OK);
    assert!(!receiver.with_ledger(|ledger| ledger.lines()[&4201].active));
}

#[test]
fn what_is_not_signed_as_it_should_be_is_refused() {
    let receiver = ExampleProvisioner::new(SECRET, Ledger::in_memory()).unwrap();
    let create = body("a-r1", "create", 1, "2026-12-23T12:00:00Z");
    let (headers, bytes) = signed_at(&create, chrono::Utc::now());
    let mut refused = Vec::new();
    for name in [ID, TIMESTAMP, SIGNATURE] {
        let mut without = headers.clone();
        without.remove(name);
        refused.push((without, bytes.clone()));
    }
    let mut other = headers.clone();
    other.insert(ID, HeaderValue::from_static("b-r1"));
    refused.push((other, bytes.clone()));
    refused.push((headers.clone(), body("a-r1", "create", 1, "2036-12-23T12:00:00Z").to_string().into_bytes()));
    refused.push(signed_at(&create, chrono::Utc::now() - chrono::TimeDelta::minutes(6)));
    refused.push(signed_at(&create, chrono::Utc::now() + chrono::TimeDelta::minutes(6)));
    for (headers, bytes) in refused {
        let answer = receiver.answer(&headers, &bytes);
        assert_eq!(answer, (StatusCode::UNAUTHORIZED, Some(json!({ "code": "not_verified" }))), "{headers:?}");
    }
    let (headers, bytes) = signed_at(&json!({ "id": "a-r1", "effect": "explode" }), chrono::Utc::now());
    assert_eq!(receiver.answer(&headers, &bytes).0, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(receiver.with_ledger(|ledger| ledger.lines().is_empty()));
    assert!(ExampleProvisioner::new("whsec_not Base64", Ledger::in_memory()).is_err());
}

#[test]
fn a_file_keeps_what_was_done_and_forgets_what_was_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.jsonl");
    let create = body("a-r1", "create", 1, "2026-12-23T12:00:00Z");
    let first = {
        let receiver = ExampleProvisioner::new(SECRET, Ledger::open(&file).unwrap()).unwrap();
        send(&receiver, &create)
    };
    // Killed in the middle of the next.
    let mut text = std::fs::read(&file).unwrap();
    let whole = text.len();
    text.extend_from_slice(b"{\"id\":\"b-r2\",\"eff");
    std::fs::write(&file, &text).unwrap();
    let receiver = ExampleProvisioner::new(SECRET, Ledger::open(&file).unwrap()).unwrap();
    assert_eq!(std::fs::read(&file).unwrap().len(), whole);
    assert_eq!(send(&receiver, &create), first);
    assert_eq!(send(&receiver, &body("b-r2", "renew", 2, "2027-01-23T12:00:00Z")).0, StatusCode::OK);
    drop(receiver);
    let ledger = Ledger::open(&file).unwrap();
    assert_eq!((ledger.lines().len(), ledger.done().len()), (1, 2));
    std::fs::write(&file, "nonsense\n").unwrap();
    assert!(Ledger::open(&file).is_err(), "a ledger that cannot be read is not begun anew");
}
