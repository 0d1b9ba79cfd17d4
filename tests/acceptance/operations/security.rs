//! What an attacker tries at the door. infra/docs/security.md says what is protected from whom.

use std::time::Duration;

use serde_json::{Value, json};
use support::{
    clock::TestClock,
    service::{Setup, TestService, paid_cart, with},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn start() -> TestService {
    TestService::by_hand(&TestClock::at("2026-11-23 12:00:00")).await
}

fn waiting(shop_order: &str) -> Value {
    let fields = json!({ "status": "pending_payment", "payment_method_id": 2, "payment_amount": null });
    with(&paid_cart(shop_order), fields)
}

/// Sends these bytes as they are; what comes back until the other side closes.
async fn raw(service: &TestService, text: &str) -> String {
    let mut stream = TcpStream::connect(service.local.url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// A request with these header lines, as a client that knows no rules may write it.
fn written(line: &str, headers: &[&str], body: &str) -> String {
    let headers: String = headers.iter().flat_map(|header| [header, "\r\n"]).collect();
    format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// The AWS calls of one request, by operation and kind of item, in their order.
async fn calls(service: &TestService, action: &str, ask: &Value) -> (String, Vec<String>) {
    service.http.take_calls();
    let answer = match ask {
        Value::String(query) => service.get(action, query).await,
        body => service.post(action, body).await,
    };
    assert_eq!(answer.status, 404, "{action} {ask}: {}", answer.text);
    let calls = service.http.take_calls();
    (format!("{}{:?}", answer.text, answer.headers), calls.iter().map(support::faults::Call::name).collect())
}

/// For one way of asking, neither the answer nor the calls behind it tell whether there is such an order.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_does_not_tell_whether_an_order_exists() {
    let service = start().await;
    let there = service.created(&waiting("1005")).await["reference_code"].clone();
    service.created(&waiting("1006")).await;
    // The key is remembered from here on.
    service.get("get_work_order", "ref=WO-2026-00042&email=john@example.com").await.data();
    let there = there.as_str().unwrap();
    let not_there = "WO-2026-09999";
    let forged = "A".repeat(44);
    let email = "jane@example.com";
    let ways: [(&str, [Value; 2]); 4] = [
        ("get_work_order", [there, not_there].map(|reference| format!("ref={reference}&email={email}").into())),
        ("get_work_order", [there, not_there].map(|reference| format!("ref={reference}&token={forged}").into())),
        (
            "submit_payment",
            [there, not_there].map(|reference| json!({ "reference_code": reference, "customer_email": email })),
        ),
        (
            "submit_payment",
            [there, not_there].map(|reference| json!({ "reference_code": reference, "confirmation_token": forged })),
        ),
    ];
    for (action, [one, other]) in ways {
        let (one, other) = (calls(&service, action, &one).await, calls(&service, action, &other).await);
        assert_eq!(one, other, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_stack_opens_nothing() {
    let (ours, theirs) = (start().await, start().await);
    let mine = ours.created(&waiting("1005")).await;
    // The same request makes an order with the same uuid there: only the secret differs.
    let other = theirs.created(&waiting("1005")).await;
    assert_eq!(mine["reference_code"], other["reference_code"]);
    assert_ne!(mine["confirmation_token"], other["confirmation_token"]);
    let query = format!("ref=WO-2026-00042&token={}", mine["confirmation_token"].as_str().unwrap());
    ours.get("get_work_order", &query).await.data();
    assert_eq!(theirs.get("get_work_order", &query).await.error(404), "Work order not found.");
    for action in ["submit_payment", "complete_order"] {
        let body = json!({ "confirmation_token": mine["confirmation_token"] });
        theirs.post(action, &body).await.error(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_read_once_whatever_the_headers_look_like() {
    let service = start().await;
    let key = service.key.clone();
    let (good, bad) = (format!("X-PANELR-api-KEY: {key}"), "x-panelr-api-key: another");
    let products = "GET /api/get_products";
    assert!(raw(&service, &written(products, &[&good], "")).await.starts_with("HTTP/1.1 200 "), "names have no case");
    for headers in [
        vec![good.as_str(), bad],
        vec![bad, good.as_str()],
        vec![good.as_str(), good.as_str()],
        vec![&format!("X-Panelr-API-Key: {key}, {key}")],
        vec![&format!("X_Panelr_API_Key: {key}")],
        vec![&format!("X-Panelr-API-Key: {key}\u{a0}")],
        vec!["X-Panelr-API-Key:", &format!("Authorization: Bearer {key}")],
    ] {
        let answer = raw(&service, &written(products, &headers, "")).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{headers:?}: {answer}");
    }
    let orders = "GET /dev/v1/orders";
    assert!(raw(&service, &written(orders, &[&format!("authorization: BEARER {key}")], "")).await.contains(" 200 "));
    for header in
        [format!("Authorization: Bearer {key}\r\nAuthorization: Bearer {key}"), format!("Authorization: {key}")]
    {
        assert!(raw(&service, &written(orders, &[&header], "")).await.starts_with("HTTP/1.1 401 "), "{header}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_stands_twice_is_taken_once() {
    let service = start().await;
    let key = format!("X-Panelr-API-Key: {}", service.key);
    let cart = paid_cart("1001").to_string();
    let twice = cart.replacen('{', r#"{"payment_amount":0.01,"#, 1);
    let post = "POST /api/complete_order";
    for (line, headers, body, status) in [
        (post, vec![key.as_str()], twice.as_str(), 400),
        ("GET /api/get_work_order?ref=WO-2026-00042&ref=WO-2026-00043&email=a@b.example", vec![key.as_str()], "", 422),
        ("GET /api/api.php?action=get_products&action=get_bouquets", vec![key.as_str()], "", 404),
    ] {
        let answer = raw(&service, &written(line, &headers, body)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line} {headers:?}: {answer}");
    }
    assert!(service.items_of("order").await.is_empty());
    // A key of idempotency that stands twice is no other key.
    let once = "Idempotency-Key: key-1";
    for headers in [vec![key.as_str(), once, once], vec![key.as_str(), "Idempotency-Key: key-1,key-1"]] {
        let answer = raw(&service, &written(post, &headers, &cart)).await;
        assert!(answer.starts_with("HTTP/1.1 422 ") && answer.contains("Idempotency-Key"), "{headers:?}: {answer}");
    }
    assert!(service.items_of("order").await.is_empty());
    // Two lengths: the server refuses before anybody could disagree on where a request ends.
    let smuggled = format!(
        "{post} HTTP/1.1\r\nHost: x\r\n{key}\r\nContent-Length: 5\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{cart}",
        cart.len()
    );
    assert!(raw(&service, &smuggled).await.starts_with("HTTP/1.1 400 "));
    assert!(service.items_of("order").await.is_empty());
    // A length and chunks: the chunks count (RFC 9112, 6.3), and what follows them is no second request.
    let smuggled = format!(
        "{post} HTTP/1.1\r\nHost: x\r\n{key}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{:x}\r\n{cart}\r\n0\r\n\r\n{}",
        cart.len(),
        written(post, &[&key], &paid_cart("1002").to_string())
    );
    let answer = raw(&service, &smuggled).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(service.items_of("order").await.len() <= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_given_up() {
    let service = TestService::with(Setup { slowest_body: Some(Duration::from_millis(200)), ..Setup::default() }).await;
    let head = format!(
        "POST /api/complete_order HTTP/1.1\r\nHost: x\r\nX-Panelr-API-Key: {}\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n{{",
        service.key
    );
    let answer = tokio::time::timeout(Duration::from_secs(5), raw(&service, &head)).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    service.post("complete_order", &paid_cart("1001")).await.data();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_service_is_there_for_this_machine_alone() {
    let service = start().await;
    let aws = &service.local.aws;
    let urls = [Some(&service.local.url), aws.dynamodb_endpoint.as_ref(), aws.sqs_endpoint.as_ref()];
    for url in urls.into_iter().flatten() {
        let address: std::net::SocketAddr = url.trim_start_matches("http://").parse().unwrap();
        assert_eq!(address.ip().to_string(), "127.0.0.1");
        // On Linux every address of 127/8 is this machine; one that listened everywhere would answer here too.
        if cfg!(target_os = "linux") {
            assert!(TcpStream::connect(("127.0.0.2", address.port())).await.is_err(), "{url} listens elsewhere too");
        }
    }
}

/// Keys and tokens are compared in a time that does not depend on where they differ: by `subtle`, and by nothing else. A
/// caller cannot choose what is compared either: it is the SHA-256 of the key, and the seal of the token.
#[test]
fn secrets_are_compared_in_constant_time() {
    let source = |file: &str| std::fs::read_to_string(format!("{}/../{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let key = source("shared/src/domain/api_key.rs");
    let comparison = key.split("impl PartialEq for KeyHash").nth(1).and_then(|rest| rest.split("\n}").next()).unwrap();
    assert!(comparison.contains(".ct_eq(") && !comparison.contains("=="), "{comparison}");
    assert!(!key.contains("derive(PartialEq, Eq)]\npub struct KeyHash"));
    let token = source("shared/src/domain/token.rs");
    let verify = token.split("pub fn verify").nth(1).and_then(|rest| rest.split("\n    }").next()).unwrap();
    let after_parsing = verify.split("let seal").nth(1).unwrap();
    assert!(after_parsing.contains(".fold(") && after_parsing.contains(".ct_eq("), "every secret is tried: {verify}");
    assert!(!after_parsing.contains("==") && !after_parsing.contains("any("), "{verify}");
}
