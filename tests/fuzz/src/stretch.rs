//! Inputs as large as may be sent, each of which makes some part of a parser work.

use serde_json::Value;

use crate::{Kind, Target, corpus::seeds};

/// A target's inputs with bodies (queries, values) of about `size` bytes, never more.
pub fn large(target: &Target, size: usize) -> Vec<Vec<u8>> {
    let first = seeds(target).into_iter().find(|seed| ["200", "read", "done"].contains(&seed.outcome.as_str()));
    let first = first.unwrap_or_else(|| panic!("{}: no seed is accepted", target.name)).input;
    let within = |head: &[u8]| bodies(size).into_iter().map(|body| [head, body.as_bytes()].concat()).collect();
    match (target.name, target.kind) {
        ("api_gateway_event", _) => {
            events(&first, size, &["/body", "/rawQueryString", "/rawPath", "/headers/user-agent"])
        }
        ("sqs_event", _) => events(&first, size, &["/Records/0/body", "/Records/0/messageId"]),
        ("http_request", _) => within(b"POST /api/create_work_order\n\n"),
        ("complete_pending_order", _) => within(b"WO-2026-00043\n"),
        (_, Kind::Body) => within(b""),
        (_, Kind::Text) => texts(&first, size),
    }
}

/// JSON, and what only begins like JSON.
fn bodies(size: usize) -> Vec<String> {
    let item = r#"{"product_id":1,"intent":"new_activation"},"#;
    vec![
        fill(r#"{"items":["#, item, "{}]}", size),
        fill(r#"{"bouquet_ids":["#, "1,", "1]}", size),
        fill(r#"{"categories":["#, r#""","#, "1]}", size),
        fill(r#"{"a":["#, "{},", "1]}", size),
        fill(r#"{"notes":""#, "a", "\"}", size),
        fill(r#"{"note":""#, "\\u00e9", "\"}", size),
        fill(r#"{"customer_email":""#, "a.", "@example.com\"}", size),
        fill(r#"{"confirmation_token":""#, "0", "\"}", size),
        fill("", "[", "", size),
        fill(r#"{"a":"#, r#"{"a":"#, "", size),
        fill(r#"{"payment_amount":"#, "9", "}", size),
        fill(r#"{"payment_amount":""#, "9", "\"}", size),
        fill(r#"{"amount":"1e"#, "0", "\"}", size),
        fill("\"", "\\", "\"", size),
        fill(" ", " ", " ", size),
        many_keys(size),
    ]
}

fn fill(begin: &str, piece: &str, end: &str, size: usize) -> String {
    begin.to_owned() + &piece.repeat((size - begin.len() - end.len()) / piece.len()) + end
}

fn many_keys(size: usize) -> String {
    let mut body = "{".to_owned();
    while body.len() < size - 24 {
        let key = body.len();
        body.extend(["\"k", &format!("{key:06}"), "\":1,"]);
    }
    body + "\"z\":1}"
}

/// The text with a piece said over and over at its end, in its middle, and alone.
fn texts(first: &[u8], size: usize) -> Vec<Vec<u8>> {
    let pieces = ["a", "0", "9", "+", "%2B", "%", "&", "=", "&ref=", "a=b&", "-", "WO-", "_", "\u{e9}", " ", "\0"];
    let (begin, end) = first.split_at(first.len() / 2);
    let each = |piece: &str| {
        let many = piece.as_bytes().repeat((size - first.len()) / piece.len());
        [[first, &many].concat(), [begin, &many, end].concat(), many]
    };
    pieces.into_iter().flat_map(each).collect()
}

/// An event with large texts in these places.
fn events(first: &[u8], size: usize, places: &[&str]) -> Vec<Vec<u8>> {
    let event: Value = serde_json::from_slice(first).expect("an event");
    let texts = bodies(size).into_iter().chain([
        fill("a", "&a=b", "", size),
        fill("/", "%2F", "", size),
        fill("/", "/", "", size),
    ]);
    let each = |text: String| places.iter().map(move |place| (*place, text.clone())).collect::<Vec<_>>();
    texts
        .flat_map(each)
        .map(|(place, text)| {
            let mut event = event.clone();
            *event.pointer_mut(place).unwrap_or_else(|| panic!("{place} is not in the event")) = text.into();
            event.to_string().into_bytes()
        })
        .collect()
}
