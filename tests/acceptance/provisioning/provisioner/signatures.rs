//! What we sign, the Standard Webhooks project's own library verifies.

use http::{HeaderMap, HeaderValue};
use shared::{
    domain::time::Timestamp,
    outbound::sign::{ID, Message, SIGNATURE, SigningSecrets, TIMESTAMP},
};
use standardwebhooks::Webhook;

/// Secret, id, time, body and signature from the tests of the project's libraries.
const VECTORS: [(&str, &str, i64, &str, &str); 2] = [
    (
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        1_649_367_553,
        r#"{"email":"test@example.com","username":"test_user"}"#,
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
    ),
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        r#"{"test": 2432232314}"#,
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
];

#[test]
fn the_projects_vectors() {
    for (secret, id, at, body, signature) in VECTORS {
        let message = Message { id, at: Timestamp::from_timestamp(at, 0).unwrap(), body: body.as_bytes() };
        assert_eq!(SigningSecrets::parse(secret).unwrap().sign(&message), signature, "ours");
        assert_eq!(Webhook::new(secret).unwrap().sign(id, at, body.as_bytes()).unwrap(), signature, "theirs");
    }
}

fn headers(secrets: &str, message: &Message<'_>) -> HeaderMap {
    let value = |text: &str| HeaderValue::from_str(text).unwrap();
    HeaderMap::from_iter([
        (ID.parse().unwrap(), value(message.id)),
        (TIMESTAMP.parse().unwrap(), value(&message.at.timestamp().to_string())),
        (SIGNATURE.parse().unwrap(), value(&SigningSecrets::parse(secrets).unwrap().sign(message))),
    ])
}

#[test]
fn their_library_verifies_what_we_sign_and_nothing_else() {
    let (old, new) = (SigningSecrets::random_text().unwrap(), SigningSecrets::random_text().unwrap());
    let body = "{\"name\":\"Jörg\"}".as_bytes();
    let message = Message { id: "msg_1", at: chrono::Utc::now(), body };
    let verify = |secret: &str, body: &[u8], headers: &HeaderMap| Webhook::new(secret).unwrap().verify(body, headers);
    verify(&new, body, &headers(&new, &message)).unwrap();
    // While secrets are rotated, those with the old one and those with the new one can verify.
    let both = headers(&format!("{new} {old}"), &message);
    verify(&new, body, &both).unwrap();
    verify(&old, body, &both).unwrap();
    assert!(verify(&old, body, &headers(&new, &message)).is_err(), "another secret");
    assert!(verify(&new, b"{}", &both).is_err(), "another body");
    let mut other = both.clone();
    other.insert(ID, HeaderValue::from_static("msg_2"));
    assert!(verify(&new, body, &other).is_err(), "another id");
    let ago = Message { at: chrono::Utc::now() - chrono::TimeDelta::minutes(6), ..message };
    assert!(verify(&new, body, &headers(&new, &ago)).is_err(), "long ago");
}

#[test]
fn the_secret_that_the_stack_makes_can_be_used() {
    // infra/stacks/provisioner.yaml: 44 characters without punctuation, which are 33 bytes in Base64 whatever they are.
    for text in ["A".repeat(44), "z9".repeat(22), "0aZ9".repeat(11)] {
        let secret = format!("whsec_{text}");
        let message = Message { id: "msg_1", at: chrono::Utc::now(), body: b"{}" };
        Webhook::new(&secret).unwrap().verify(b"{}", &headers(&secret, &message)).unwrap();
    }
}
