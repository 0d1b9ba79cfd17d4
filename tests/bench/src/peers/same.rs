//! Whether a peer does the same job: the same requests to each, and then their replies, all items of their tables, their
//! messages, their log lines, calls and connections are compared. Only what must differ is left out: times and ids of writes.

use serde_json::{Map, Value, json};
use shared::{domain::time::Timestamp, use_case::operator::seed::same};

use super::{FUNCTION, Peer};
use crate::{
    authority::Authority,
    environment::Environment,
    events::{event, set, with_body},
    fault::{Explain, Fault},
    world::World,
};

/// Fields of items that hold times.
const TIMES: [&str; 4] = ["at", "created_at", "updated_at", "queued_at"];
/// What the log must not have.
const PRIVATE: [&str; 4] = ["john@example.com", "John Doe", "+15550100", "demo-key"];

/// What a peer did.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    name: String,
    replies: Vec<Value>,
    items: Vec<Value>,
    messages: Vec<Value>,
    log: Vec<Value>,
    /// Calls of each request but the first, which does what others may have done in init.
    calls: Vec<Value>,
    connections: u64,
}

/// Sends the requests to `peer` in a world of its own.
pub(super) async fn observe(peer: &Peer, authority: &Authority) -> Result<Seen, Fault> {
    let world = World::start(authority).await?;
    let log = peer.logs.join("same.log");
    let (mut environment, _) = Environment::start(&peer.program, FUNCTION, &world.variables(), &log).await?;
    let (mut replies, mut calls) = (Vec::new(), Vec::new());
    for event in requests()? {
        let before = world.counts();
        let answer = environment.invoke(event.to_string()).await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let reply = answer.reply.map_err(|error| Fault::new(format!("{} failed with {}", peer.name, text(&error))))?;
        replies.push(read(&reply).ok_or_else(|| Fault::new(format!("{} answered {}", peer.name, text(&reply))))?);
        calls.push(world.counts().since(before).calls().into());
    }
    environment.stop().await?;
    let counts = world.counts();
    let connections = counts.dynamodb.connections + counts.sqs.connections;
    let text = std::fs::read_to_string(&log).explain(log.display())?;
    if let Some(private) = PRIVATE.iter().find(|private| text.contains(**private)) {
        return Err(Fault::new(format!("{} logs {private}", peer.name)));
    }
    let (items, messages) = (items(&world).await?, messages(&world).await?);
    let mut log: Vec<Value> = text.lines().filter_map(log_line).collect();
    calls.remove(0);
    if let Some(first) = log.first_mut().and_then(Value::as_object_mut) {
        first.remove("calls");
    }
    Ok(Seen { name: peer.name.clone(), replies, items, messages, log, calls, connections })
}

/// Fails at the first difference, which it names.
pub(super) fn compare(expected: &Seen, found: &Seen) -> Result<(), Fault> {
    let both = [
        ("reply", &expected.replies, &found.replies),
        ("item", &expected.items, &found.items),
        ("message", &expected.messages, &found.messages),
        ("log line", &expected.log, &found.log),
        ("calls of request", &expected.calls, &found.calls),
    ];
    for (what, expected, found_here) in both {
        let count = expected.len().max(found_here.len());
        let equal = |index: &usize| match (expected.get(*index), found_here.get(*index)) {
            (Some(one), Some(other)) => same(one, other),
            _ => false,
        };
        let differs = (0..count).find(|index| !equal(index));
        if let Some(index) = differs {
            let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
            let (expected, seen) = (show(expected.get(index)), show(found_here.get(index)));
            let name = &found.name;
            return Err(Fault::new(format!("{name}: {what} {} is\n{seen}\nand must be\n{expected}", index + 1)));
        }
    }
    if found.connections > expected.connections {
        let (name, theirs, ours) = (&found.name, found.connections, expected.connections);
        return Err(Fault::new(format!("{name} opens {theirs} connections, and must open {ours}")));
    }
    Ok(())
}

/// Orders, copies of them, and requests that are refused.
fn requests() -> Result<Vec<Value>, Fault> {
    let order = |fields: Value| with_body(FUNCTION, fields);
    let first = order(json!({ "wc_order_id": "9001", "payment_transaction_id": "pi_9001" }))?;
    let mut strangers = event(FUNCTION)?;
    if let Some(headers) = strangers.get_mut("headers") {
        set(headers, "x-panelr-api-key", "a-key-that-nobody-has");
    }
    let mut without_key = event(FUNCTION)?;
    if let Some(headers) = without_key.get_mut("headers").and_then(Value::as_object_mut) {
        headers.remove("x-panelr-api-key");
    }
    let mut not_json = event(FUNCTION)?;
    set(&mut not_json, "body", "[]");
    Ok(vec![
        first.clone(),
        // By its transaction, with a discount, all texts, and numbers as PHP may send them.
        order(json!({
            "wc_order_id": null, "payment_transaction_id": "pi_9002", "payment_amount": "20.5", "payment_method_id": "1",
            "customer_address": "1 Example Street", "notes": "by hand", "source": "shop",
            "items": [{ "product_id": 1, "intent": "new_activation", "qty": 2 }, { "product_id": 2, "intent": "new_activation" }],
        }))?,
        // Paid in full, since no amount is given; as PHP writes 9.99; a fee; nothing paid.
        order(json!({ "wc_order_id": 9003, "payment_amount": null, "customer_name": "" }))?,
        order(json!({ "wc_order_id": "9004", "payment_amount": "9.9900000000000002" }))?,
        order(json!({ "wc_order_id": "9005", "payment_amount": 12 }))?,
        order(json!({ "wc_order_id": "9006", "payment_amount": 0 }))?,
        // A copy of the first, one with another e-mail, and one that another hook of the shop sends.
        first,
        order(json!({ "wc_order_id": "9001", "customer_email": "jane@example.com" }))?,
        order(json!({ "wc_order_id": "9001", "payment_transaction_id": "pi_other", "payment_amount": 5 }))?,
        // One that would be refused now, as after a change of the catalogue.
        order(json!({ "wc_order_id": "9001", "payment_method_id": 2 }))?,
        strangers,
        without_key,
        not_json,
        order(json!({ "customer_email": null }))?,
        order(json!({ "payment_method_id": null }))?,
        order(json!({ "customer_email": "john" }))?,
        order(json!({ "payment_amount": 9.995 }))?,
        order(json!({ "payment_amount": -1 }))?,
        order(json!({ "items": [] }))?,
        order(
            json!({ "items": [{ "product_id": 1, "intent": "new_activation", "qty": 100 }, { "product_id": "x" }] }),
        )?,
        order(json!({ "items": [{ "product_id": 999, "intent": "new_activation" }] }))?,
        // The manual method of the demo catalogue.
        order(json!({ "payment_method_id": 2 }))?,
        order(json!({ "payment_method_id": 999 }))?,
    ])
}

/// A reply with its body as JSON.
fn read(reply: &[u8]) -> Option<Value> {
    let reply: Value = serde_json::from_slice(reply).ok()?;
    let header = |name: &str| reply.pointer(&format!("/headers/{name}")).cloned();
    let body: Value = serde_json::from_str(reply.get("body")?.as_str()?).ok()?;
    Some(json!({
        "status": reply.get("statusCode"),
        "content-type": header("content-type"),
        "cache-control": header("cache-control"),
        "x-request-id": header("x-request-id"),
        "body": body,
    }))
}

async fn items(world: &World) -> Result<Vec<Value>, Fault> {
    let mut pages = world.local.aws.dynamodb().scan().table_name(local::store::TABLE).into_paginator().items().send();
    let mut items = Vec::new();
    while let Some(item) = pages.next().await {
        let item: Value = serde_dynamo::from_item(item.explain("the table")?).explain("an item")?;
        items.push(without_times(item));
    }
    items.sort_by_key(|item| (item["pk"].to_string(), item["sk"].to_string()));
    Ok(items)
}

async fn messages(world: &World) -> Result<Vec<Value>, Fault> {
    let queue = world.local.aws.sqs();
    let mut messages = Vec::new();
    loop {
        let call = queue.receive_message().queue_url(&world.local.queue_url).max_number_of_messages(10);
        let more = call.send().await.explain("the queue")?.messages.unwrap_or_default();
        if more.is_empty() {
            break;
        }
        for message in more {
            messages.push(serde_json::from_str(&message.body.unwrap_or_default()).explain("a message")?);
        }
    }
    messages.sort_by_key(|message: &Value| message["number"].as_u64());
    Ok(messages)
}

/// A value with `"a time"` in place of times that can be read, and the number of change ids in place of them.
fn without_times(value: Value) -> Value {
    let replaced = |(name, value): (String, Value)| {
        let is_time = TIMES.contains(&name.as_str()) && serde_json::from_value::<Timestamp>(value.clone()).is_ok();
        let value = match &value {
            _ if is_time => "a time".into(),
            Value::Array(ids) if name == "change_ids" => ids.len().into(),
            _ => without_times(value),
        };
        (name, value)
    };
    match value {
        Value::Object(map) => Value::Object(map.into_iter().map(replaced).collect()),
        Value::Array(values) => values.into_iter().map(without_times).collect(),
        other => other,
    }
}

/// What is said in a line of a request or of metrics, but for times.
fn log_line(line: &str) -> Option<Value> {
    let mut line: Map<String, Value> = serde_json::from_str(line).ok()?;
    let written_now = line.remove("timestamp").is_none_or(|at| serde_json::from_value::<Timestamp>(at).is_ok());
    line.remove("ms");
    let stamp = line.get_mut("_aws").and_then(|metrics| metrics.get_mut("Timestamp"));
    if let Some(stamp) = stamp {
        *stamp = stamp.is_u64().into();
    }
    line.insert("written_now".to_owned(), written_now.into());
    Some(Value::Object(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_named() {
        let seen = Seen {
            name: "Node".to_owned(),
            replies: vec![json!({ "status": 200 })],
            items: vec![json!({ "version": 1, "cart": [{ "qty": 1 }] }), json!({ "order": "x" })],
            messages: vec![json!({ "number": 42 })],
            log: vec![json!({ "OrdersAccepted": [1.0] })],
            calls: vec![3.into()],
            connections: 2,
        };
        compare(&seen, &Seen { log: vec![json!({ "OrdersAccepted": [1] })], ..seen.clone() }).unwrap();
        for (part, other) in [
            ("reply 1", Seen { replies: vec![json!({ "status": 200, "more": 1 })], ..seen.clone() }),
            ("item 1", Seen { items: vec![json!({ "version": "1" }), json!({ "order": "x" })], ..seen.clone() }),
            ("item 2", Seen { items: seen.items[..1].to_vec(), ..seen.clone() }),
            ("message 2", Seen { messages: vec![json!({ "number": 42 }), json!({ "number": 42 })], ..seen.clone() }),
            ("log line 1", Seen { log: Vec::new(), ..seen.clone() }),
            ("calls of request 1", Seen { calls: vec![4.into()], ..seen.clone() }),
        ] {
            let text = compare(&seen, &other).unwrap_err().to_string();
            assert!(text.starts_with(&format!("Node: {part} is")), "{text}");
        }
        let more = compare(&seen, &Seen { connections: 3, ..seen.clone() }).unwrap_err();
        assert_eq!(more.to_string(), "Node opens 3 connections, and must open 2");
    }

    #[test]
    fn only_times_and_ids_of_writes_are_left_out() {
        let at = |text: &str, id: &str| {
            without_times(json!({
                "created_at": text, "queued_at": null, "change_ids": [id], "history": [{ "at": text, "by": text }]
            }))
        };
        let one = at("2026-11-23T00:00:00.123Z", "a");
        assert_eq!(one["created_at"], "a time");
        assert_eq!(one["history"][0]["at"], "a time");
        assert_eq!(one["history"][0]["by"], "2026-11-23T00:00:00.123Z");
        assert_eq!(one["queued_at"], Value::Null);
        assert_eq!(one["change_ids"], 1);
        assert_eq!(at("soon", "b")["created_at"], "soon", "what is no time is compared");
    }
}
