//! Reading JSON strictly: one meaning for one text. A key that stands twice means one thing to this service and another
//! to the next, so it is refused; so is nesting that only an attacker needs.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Levels of arrays and objects within each other.
pub const MAX_DEPTH: usize = 32;

/// Why a body is no JSON object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// There is none.
    #[error("The request has no body; a JSON object is expected.")]
    Empty,
    /// Not JSON, or not strictly.
    #[error("The body is not valid JSON: {0}.")]
    Malformed(String),
    /// JSON, but something else.
    #[error("The body must be a JSON object.")]
    NotAnObject,
}

/// Values kept of a request's array: more than any field may have, so that one with too many is still refused for that.
/// The rest is read and let go; a body full of digits would take 50 times its size.
const KEPT: usize = 1_000;

/// The object in a request's `body`.
pub fn parse_object(body: &[u8]) -> Result<Map<String, Value>, JsonFault> {
    object(read(body, KEPT)?)
}

/// The object in a file of an operator, whose arrays may have any length.
pub fn parse_file(text: &[u8]) -> Result<Map<String, Value>, JsonFault> {
    object(read(text, usize::MAX)?)
}

fn object(value: Value) -> Result<Map<String, Value>, JsonFault> {
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(JsonFault::NotAnObject),
    }
}

/// A value as JSON. `Value::to_string` goes through the formatter, piece by piece, at twice the instructions.
pub fn text(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| value.to_string())
}

/// The value in a request's `body`.
pub fn parse(body: &[u8]) -> Result<Value, JsonFault> {
    read(body, KEPT)
}

fn read(body: &[u8], keep: usize) -> Result<Value, JsonFault> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(JsonFault::Empty);
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Strict { depth: 0, keep }.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    // serde_json's own messages quote none of the text but a duplicate key's name, which is said below without it.
    value.map_err(|error| JsonFault::Malformed(error.to_string()))
}

struct Strict {
    depth: usize,
    /// Values that are kept of an array.
    keep: usize,
}

impl Strict {
    fn deeper<E: Error>(&self) -> Result<usize, E> {
        if self.depth < MAX_DEPTH {
            Ok(self.depth + 1)
        } else {
            Err(E::custom(format!("it is nested over {MAX_DEPTH} levels")))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(Strict { depth, keep: self.keep })? {
            if values.len() < self.keep {
                values.push(value);
            }
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut map = Map::new();
        while let Some(Name(name)) = entries.next_key()? {
            let value = entries.next_value_seed(Strict { depth, keep: self.keep })?;
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a key stands twice in one object"));
            }
        }
        Ok(Value::Object(map))
    }
}

struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_json_is_read_as_serde_json_reads_it() {
        for text in [r#"{"a":[1,-2,3.5,true,null,"x\u00e4\/"],"b":{"c":{}}}"#, "{}", "\u{feff}{}", " {\"a\" : 1e3}\n"] {
            let expected: Map<String, Value> = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
            assert_eq!(parse_object(text.as_bytes()), Ok(expected));
        }
    }

    #[test]
    fn other_texts_are_refused_with_a_reason() {
        let refuse = |text: &str| parse_object(text.as_bytes()).unwrap_err().to_string();
        assert!(refuse(r#"{"a":1,"a":2}"#).contains("stands twice"));
        assert!(refuse(r#"{"x":{"a":1,"\u0061":2}}"#).contains("stands twice"));
        assert!(refuse("").contains("no body"));
        assert!(refuse("[]").contains("must be a JSON object"));
        assert!(refuse("{} x").contains("not valid JSON"));
        assert!(refuse("{\"a\":\"\\ud800\"}").contains("not valid JSON"));
        assert!(parse_object(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn nesting_ends_at_32_levels() {
        let nested = |levels: usize| format!("{{\"a\":{}1{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert!(parse_object(nested(32).as_bytes()).is_ok());
        assert!(parse_object(nested(33).as_bytes()).unwrap_err().to_string().contains("nested"));
        assert!(parse_object(nested(100_000).as_bytes()).is_err());
    }
}
