//! The events of `tests/events`, with values of this run in them.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};

use crate::fault::{Explain, Fault};

/// The event of this name, as it is in `tests/events`.
pub(crate) fn event(name: &str) -> Result<Value, Fault> {
    let path = format!("{}/../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).explain(&path)?;
    serde_json::from_str(&text).explain(name)
}

/// A number that no other order of this run has, always of six digits.
pub(crate) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(100_000);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// An event with these fields set in its body.
pub(crate) fn with_body(name: &str, fields: Value) -> Result<Value, Fault> {
    let mut event = event(name)?;
    let text = event.get("body").and_then(Value::as_str).unwrap_or_default();
    let mut body: Map<String, Value> = serde_json::from_str(text).explain(name)?;
    if let Value::Object(fields) = fields {
        body.extend(fields);
    }
    set(&mut event, "body", Value::Object(body).to_string());
    Ok(event)
}

/// An event with this query.
pub(crate) fn with_query(name: &str, query: &[(&str, &str)]) -> Result<Value, Fault> {
    let mut event = event(name)?;
    let text: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", value.replace('@', "%40"))).collect();
    set(&mut event, "rawQueryString", text.join("&"));
    let map: Map<String, Value> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    set(&mut event, "queryStringParameters", map);
    Ok(event)
}

/// An event about this order in its path.
pub(crate) fn with_order(name: &str, reference: &str) -> Result<Value, Fault> {
    let mut event = event(name)?;
    let old = event.pointer("/pathParameters/id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let path = event.get("rawPath").and_then(Value::as_str).unwrap_or_default().replace(&old, reference);
    for (place, value) in
        [("/rawPath", path.as_str()), ("/requestContext/http/path", &path), ("/pathParameters/id", reference)]
    {
        if let Some(found) = event.pointer_mut(place) {
            *found = value.into();
        }
    }
    Ok(event)
}

/// Sets a field of an event.
pub(crate) fn set(event: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(event) = event.as_object_mut() {
        event.insert(name.to_owned(), value.into());
    }
}

/// What a function's reply brings, if it is the one of a success: of an HTTP function the JSON of its body.
pub(crate) fn checked(function: &str, reply: &Value) -> Result<Value, Fault> {
    let wrong = || Fault::new(format!("{function} answered {reply}"));
    match function {
        "provision" | "publish_events" | "deliver_events" => {
            let again = reply.get("batchItemFailures").and_then(Value::as_array);
            if again.is_some_and(Vec::is_empty) { Ok(Value::Null) } else { Err(wrong()) }
        }
        "sweep" => {
            if reply.is_null() {
                Ok(Value::Null)
            } else {
                Err(wrong())
            }
        }
        _ => {
            let expected = if function == "not_found" { 404 } else { 200 };
            if reply.get("statusCode").and_then(Value::as_u64) != Some(expected) {
                return Err(wrong());
            }
            let body = reply.get("body").and_then(Value::as_str).unwrap_or_default();
            serde_json::from_str(body).map_err(|_| wrong())
        }
    }
}
