//! How fast one key may send: 429 with `Retry-After` in the envelope of the side, no call for it, and nothing changed.

use serde_json::json;
use support::{
    clock::TestClock,
    seed::demo_with,
    service::{Answer, Setup, TestService, paid_cart},
};

const RATE: u32 = 2;
/// Five seconds' worth.
const BURST: usize = 10;

async fn limited(clock: &TestClock) -> TestService {
    let keys = json!({ "api_keys": [
        { "name": "busy", "secret": "the-key-of-a-busy-shop", "scopes": ["*"] },
        { "name": "calm", "secret": "the-key-of-a-calm-shop", "scopes": ["*"] },
    ] });
    let setup = Setup {
        clock: Some(clock.clone()),
        seed: Some(demo_with(keys)),
        background: false,
        key_rate: RATE,
        ..Setup::default()
    };
    let mut service = TestService::with(setup).await;
    "the-key-of-a-busy-shop".clone_into(&mut service.key);
    service
}

fn wait(answer: &Answer) -> u32 {
    answer.headers["retry-after"].parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_too_fast_is_told_when_to_come_again_and_others_are_served() {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let mut service = limited(&clock).await;
    for number in 0..BURST {
        service.post("complete_order", &paid_cart(&number.to_string())).await.data();
    }
    service.http.take_calls();
    let table = service.items().await;
    let refused = service.post("complete_order", &paid_cart("one too many")).await;
    let sentence = refused.error(429);
    assert_eq!(sentence, format!("This API key sends too many requests. Please try again in {} s.", wait(&refused)));
    assert_eq!(refused.json()["code"], "rate_limited");
    let shoppex = service.shoppex("GET", "/dev/v1/orders", &[], "").await;
    assert_eq!(
        (shoppex.status, &shoppex.json()["error"]["code"]),
        (429, &json!("RATE_LIMITED")),
        "one rate for both sides"
    );
    assert_eq!(wait(&shoppex), 1);
    assert!(service.http.take_calls().is_empty(), "a refusal costs no call");
    assert_eq!(service.items().await, table, "and changes nothing");

    "the-key-of-a-calm-shop".clone_into(&mut service.key);
    service.post("complete_order", &paid_cart("another shop's")).await.data();

    "the-key-of-a-busy-shop".clone_into(&mut service.key);
    clock.advance(i64::from(wait(&refused)));
    service.post("complete_order", &paid_cart("one too many")).await.data();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_within_the_rate_costs_no_further_call() {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = limited(&clock).await;
    for number in 0..6 {
        service.post("complete_order", &paid_cart(&number.to_string())).await.data();
    }
    clock.advance(10);
    service.http.take_calls();
    service.post("complete_order", &paid_cart("1001")).await.data();
    assert_eq!(service.http.take_calls().len(), 3, "order, pointer, message");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_not_counted() {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let mut service = limited(&clock).await;
    "a-key-that-nobody-has-made".clone_into(&mut service.key);
    for _ in 0..3 * BURST {
        assert_eq!(service.get("get_products", "").await.status, 401, "always the one answer of strangers");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_otherwise_counts_as_well() {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = limited(&clock).await;
    for _ in 0..BURST {
        service.post("complete_order", &json!({ "customer_email": "nobody" })).await.error(422);
    }
    service.post("complete_order", &json!({ "customer_email": "nobody" })).await.error(429);
}
