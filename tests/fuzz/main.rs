//! Whatever is sent, it is answered in the envelope, without a panic, in little memory and in time linear in the body. The
//! corpora are the events in `tests/events`; proptest cuts them up. `PROPTEST_CASES=1000000` goes on for longer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use acceptance::{clock::TestClock, memory::Memory};
use lambda_http::{Body, aws_lambda_events::apigw::ApiGatewayV2httpRequest};
use peak_alloc::PeakAlloc;
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};
use shared::{
    domain::{
        money::{Amount, Currency},
        reference::ReferenceCode,
        token::{TokenSecret, TokenSecrets},
    },
    lambda::http::{MAX_BODY, respond},
    ports::Found,
    sqs::from_body,
    use_case::Service,
    wire::seed,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most that a body of 256 KiB may take, in bytes.
const MOST: usize = 8 * 1024 * 1024;

const EVENTS: [(&str, &str); 4] = [
    ("complete_order", include_str!("../events/complete_order.json")),
    ("create_work_order", include_str!("../events/create_work_order.json")),
    ("submit_payment", include_str!("../events/submit_payment.json")),
    ("get_work_order", include_str!("../events/get_work_order.json")),
];

/// What parsers stumble over.
const PIECES: [&str; 16] = [
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "-1",
    "1e999",
    "0.1e-7",
    "\\ud800",
    "\u{0}",
    "\u{1F600}",
    "%",
    "\"items\":[",
];

/// One cut: where, how much is taken out, what is put in.
type Cut = (Index, usize, usize);

fn cuts() -> impl Strategy<Value = Vec<Cut>> {
    prop::collection::vec((any::<Index>(), 0..6usize, 0..PIECES.len() * 2), 0..6)
}

fn cut(text: &str, cuts: &[Cut]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for (place, out, piece) in cuts {
        let from = place.index(characters.len() + 1);
        let to = (from + out).min(characters.len());
        // Half of the cuts put nothing in.
        let piece: Vec<char> = PIECES.get(*piece).copied().unwrap_or_default().chars().collect();
        characters.splice(from..to, piece);
    }
    characters.into_iter().collect()
}

fn service() -> Service<Memory, Memory> {
    let seed = seed::parse(local::start::DEMO.as_bytes()).unwrap();
    let found = Found {
        key: seed.api_keys.into_iter().next(),
        products: seed.products.into_iter().map(|product| (product.id, product)).collect(),
        payment_method: seed.payment_methods.into_iter().next(),
        lines: seed.lines.into_iter().map(|line| (line.id, line)).collect(),
        ..Found::default()
    };
    let memory = Memory::with(found);
    let tokens = TokenSecrets::new(TokenSecret::new(1, "a secret of the fuzz tests").unwrap(), None);
    let clock = Arc::new(TestClock::at("2026-11-23 12:00:00"));
    Service {
        store: memory.clone(),
        queue: memory,
        tokens,
        clock,
        limits: shared::use_case::rate_limit::RateLimits::default(),
    }
}

/// Answers an event, which must be in the envelope. A fault of ours would be a panic: the store in memory has none.
async fn answer(service: &Service<Memory, Memory>, action: &'static str, event: ApiGatewayV2httpRequest) -> i64 {
    let time = Duration::from_secs(60);
    let response = match action {
        "complete_order" => respond(action, "id", event, time, &|r| complete_order::handle(service, r)).await,
        "create_work_order" => respond(action, "id", event, time, &|r| create_work_order::handle(service, r)).await,
        "submit_payment" => respond(action, "id", event, time, &|r| submit_payment::handle(service, r)).await,
        _ => respond(action, "id", event, time, &|r| get_work_order::handle(service, r)).await,
    };
    let Some(Body::Text(text)) = response.body else { panic!("no text") };
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"));
    let success = response.status_code == 200;
    assert!(response.status_code < 500, "{action}: {text}");
    assert_eq!(
        (&body["success"], body["data"].is_null(), body["error"].is_string()),
        (&json!(success), !success, !success)
    );
    response.status_code
}

fn event(text: &str) -> ApiGatewayV2httpRequest {
    let mut event: ApiGatewayV2httpRequest = serde_json::from_str(text).unwrap();
    event.headers.insert("x-panelr-api-key", local::DEMO_KEY.parse().unwrap());
    event
}

fn with_body(text: &str, body: String) -> ApiGatewayV2httpRequest {
    let mut event = event(text);
    event.body = Some(body);
    event.is_base64_encoded = false;
    event
}

/// Bodies of `size` bytes, each of which makes some part of the parser work.
fn large(size: usize) -> Vec<String> {
    let fill = |begin: &str, piece: &str, end: &str| {
        begin.to_owned() + &piece.repeat((size - begin.len() - end.len()) / piece.len()) + end
    };
    let item = r#"{"product_id":1,"intent":"new_activation"},"#;
    vec![
        fill(r#"{"items":["#, item, "{}]}"),
        fill(r#"{"bouquet_ids":["#, "1,", "1]}"),
        fill(r#"{"notes":""#, "a", "\"}"),
        fill(r#"{"notes":""#, "\\u00e9", "\"}"),
        fill("", "[", ""),
        fill(r#"{"a":"#, r#"{"a":"#, ""),
        fill(r#"{"payment_amount":"#, "9", "}"),
        many_keys(size),
        fill("\"", "\\", "\""),
    ]
}

fn many_keys(size: usize) -> String {
    let mut body = "{".to_owned();
    while body.len() < size - 24 {
        let key = body.len();
        body.extend(["\"k", &format!("{key:06}"), "\":1,"]);
    }
    body + "\"z\":1}"
}

/// One test alone, so that nobody else's memory is counted.
#[test]
fn whatever_is_sent_is_answered() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let service = service();
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) };
    proptest!(config, |(which in 0..EVENTS.len(), cuts in cuts(), whole in any::<bool>(), query in cuts())| {
        let (action, text) = EVENTS[which];
        let event = if whole {
            // The event itself is cut up; one that is none any more is answered as an empty one.
            serde_json::from_str(&cut(text, &cuts)).unwrap_or_default()
        } else {
            let mut event = event(text);
            event.body = event.body.map(|body| cut(&body, &cuts));
            event.raw_query_string = event.raw_query_string.map(|query_string| cut(&query_string, &query));
            event
        };
        runtime.block_on(answer(&service, action, event));
        let small = ["WO-2026-00042", "9.99", r#"{"order":"00000000-0000-4000-8000-000000000000","number":7}"#];
        let [reference, money, message] = small.map(|text| cut(text, &cuts));
        if let Ok(code) = reference.parse::<ReferenceCode>() {
            prop_assert_eq!(code.to_string().parse::<ReferenceCode>().ok(), Some(code), "what is read is written alike");
        }
        if let Some(amount) = money.parse().ok().and_then(|value| Amount::new(value, Currency::USD).ok()) {
            prop_assert!(amount.less(amount).is_zero());
        }
        let _name = from_body(&message);
        prop_assert!(service.tokens.verify(&reference).is_none(), "a token that nobody gave out");
    });

    let mut slowest: f64 = 0.0;
    for (action, text) in &EVENTS[..3] {
        for (small, large) in large(MAX_BODY / 4).into_iter().zip(large(MAX_BODY)) {
            assert!(large.len() <= MAX_BODY);
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            let status = runtime.block_on(answer(&service, action, with_body(text, large.clone())));
            let most = MEMORY.peak_usage() - before;
            assert!(most <= MOST, "{action}: {most} bytes for {}...", large.chars().take(40).collect::<String>());
            assert!((400..500).contains(&status), "{action}: {status}");
            let time = |body: &String| {
                let once = || {
                    let event = with_body(text, body.clone());
                    let began = Instant::now();
                    runtime.block_on(answer(&service, action, event));
                    began.elapsed().as_secs_f64()
                };
                (0..5).map(|_| once()).fold(f64::INFINITY, f64::min)
            };
            // Four times the body: linear takes 4 times as long, quadratic 16 times. Under a millisecond nothing is measured.
            let (short, long) = (time(&small), time(&large));
            slowest = slowest.max(long);
            assert!(long < 0.001 || long < short * 10.0, "{action}: {short} s, then {long} s");
        }
    }
    assert!(slowest < 5.0, "{slowest} s");
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(5_000, |text| text.parse().unwrap())
}
