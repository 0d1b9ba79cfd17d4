//! Reading the fields of a JSON object: the coercions that PHP clients need, every broken rule collected.
//!
//! `null` is absent. Numbers may be numeric strings, booleans may be 0/1 or words, whole floats are integers.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::{domain::ids::MAX_ID, use_case::refusal::FieldError};

/// The fields of one object, and the rules they broke.
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    prefix: String,
    errors: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    /// The fields of a request's body.
    pub fn new(map: &'a Map<String, Value>) -> Self {
        Self::within(map, String::new())
    }

    /// The fields of an object within another; `prefix` leads to it, `items[0].`.
    pub fn within(map: &'a Map<String, Value>, prefix: String) -> Self {
        Self { map, prefix, errors: Vec::new() }
    }

    /// Was the key sent, be it with `null`?
    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// Notes that a field breaks a rule: `` `name` rule.``
    pub fn refuse(&mut self, name: &str, rule: impl std::fmt::Display) {
        self.errors.push(FieldError::new(format!("{}{name}", self.prefix), rule));
    }

    /// Notes errors that were found elsewhere.
    pub fn extend(&mut self, errors: Vec<FieldError>) {
        self.errors.extend(errors);
    }

    /// The broken rules.
    pub fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// Refuses keys that are not in `known`.
    pub fn only(&mut self, known: &[&str]) {
        let unknown: Vec<&String> = self.map.keys().filter(|key| !known.contains(&key.as_str())).collect();
        for key in unknown {
            self.refuse(key, format!("is not known here; known are {}", known.join(", ")));
        }
    }

    /// The value, if it is there and not `null`.
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// A string of at most `max` characters; an empty one is absent.
    pub fn text(&mut self, name: &str, max: usize) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => self.fitting(name, text, max),
            _ => self.none(name, "must be a string"),
        }
    }

    /// A string or an integer, as a string.
    pub fn text_or_integer(&mut self, name: &str, max: usize) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => self.fitting(name, text, max),
            Value::Number(number) if number.is_i64() || number.is_u64() => self.fitting(name, &number.to_string(), max),
            _ => self.none(name, "must be a string or an integer"),
        }
    }

    /// A positive integer that names something.
    pub fn id(&mut self, name: &str) -> Option<u64> {
        let value = self.value(name)?;
        self.id_value(name, value)
    }

    /// The same for a value within an array.
    pub fn id_value(&mut self, name: &str, value: &Value) -> Option<u64> {
        self.integer_value(name, value, 1, MAX_ID)
    }

    /// An integer from `min` to `max`.
    pub fn integer(&mut self, name: &str, min: u64, max: u64) -> Option<u64> {
        let value = self.value(name)?;
        self.integer_value(name, value, min, max)
    }

    fn integer_value(&mut self, name: &str, value: &Value, min: u64, max: u64) -> Option<u64> {
        let rule = if max == MAX_ID {
            "must be a positive integer".to_owned()
        } else {
            format!("must be an integer from {min} to {max}")
        };
        if blank(value) {
            return None;
        }
        match number(value).filter(|number| number.fract().is_zero()).and_then(|number| u64::try_from(number).ok()) {
            Some(number) if (min..=max).contains(&number) => Some(number),
            _ => self.none(name, rule),
        }
    }

    /// A number, still without a currency.
    pub fn decimal(&mut self, name: &str) -> Option<Decimal> {
        let value = self.value(name)?;
        if blank(value) {
            return None;
        }
        match number(value) {
            Some(number) => Some(number),
            None if value.is_number() => self.none(name, "must not be more than 999999999"),
            None => self.none(name, "must be a number"),
        }
    }

    /// A boolean, by default false.
    pub fn boolean(&mut self, name: &str) -> bool {
        self.boolean_or(name, false)
    }

    /// A boolean with a default.
    pub fn boolean_or(&mut self, name: &str, default: bool) -> bool {
        let Some(value) = self.value(name) else { return default };
        let word = match value {
            Value::Bool(value) => return *value,
            Value::String(text) if text.is_empty() => return default,
            Value::String(text) => text.to_ascii_lowercase(),
            other => other.to_string(),
        };
        match word.as_str() {
            "true" | "1" | "1.0" => true,
            "false" | "0" | "0.0" => false,
            _ => {
                self.refuse(name, "must be true or false");
                default
            }
        }
    }

    /// An array of at most `max` values.
    pub fn array(&mut self, name: &str, max: usize) -> Option<&'a [Value]> {
        match self.value(name)? {
            Value::Array(values) if values.len() <= max => Some(values),
            Value::Array(_) => self.none(name, format!("must have at most {max} entries")),
            value if blank(value) => None,
            _ => self.none(name, "must be an array"),
        }
    }

    /// One of some words; an empty string is absent.
    pub fn word<T>(&mut self, name: &str, words: &[&str], parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let rule = || format!("must be one of {}", words.join(", "));
        match self.value(name)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => match parse(text) {
                Some(value) => Some(value),
                None => self.none(name, rule()),
            },
            _ => self.none(name, rule()),
        }
    }

    /// What must be there; `refuse` is not repeated for a field that was there and broke another rule.
    pub fn required<T>(&mut self, name: &str, value: Option<T>) -> Option<T> {
        let field = format!("{}{name}", self.prefix);
        if value.is_none() && !self.errors.iter().any(|error| error.field == field) {
            self.refuse(name, "is required");
        }
        value
    }

    fn fitting(&mut self, name: &str, text: &str, max: usize) -> Option<String> {
        if text.chars().count() > max {
            return self.none(name, format!("must have at most {max} characters"));
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn none<T>(&mut self, name: &str, rule: impl std::fmt::Display) -> Option<T> {
        self.refuse(name, rule);
        None
    }
}

/// PHP forms send an empty string for a number that was not filled in.
fn blank(value: &Value) -> bool {
    value.as_str().is_some_and(str::is_empty)
}

/// The number in a JSON number or a numeric string; none beyond what a decimal holds.
fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => Some(whole.into()),
            (_, Some(whole)) => Some(whole.into()),
            _ => number.as_f64().and_then(Decimal::from_f64_retain),
        },
        Value::String(text) => {
            let text = text.trim();
            let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b".-+eE".contains(&byte));
            let exact = plain.then(|| text.parse().or_else(|_| Decimal::from_scientific(text)).ok())?;
            // More decimal places than a decimal holds: to a double, as the same number without quotes.
            exact.or_else(|| text.parse().ok().and_then(Decimal::from_f64_retain))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with<T>(value: Value, read: impl FnOnce(&mut Fields<'_>) -> T) -> (T, Vec<String>) {
        let map = Map::from_iter([("f".to_owned(), value)]);
        let mut fields = Fields::new(&map);
        let result = read(&mut fields);
        (result, fields.into_errors().into_iter().map(|error| error.message).collect())
    }

    #[test]
    fn integers_are_taken_as_php_sends_them() {
        for value in [json!(7), json!(7.0), json!("7"), json!(" 7 "), json!("7.0"), json!("7e0")] {
            assert_eq!(with(value.clone(), |f| f.integer("f", 1, 99)), (Some(7), vec![]), "{value}");
        }
        for value in [
            json!(0),
            json!(100),
            json!(-1),
            json!(7.5),
            json!("x"),
            json!("0x7"),
            json!(true),
            json!([7]),
            json!({}),
            json!(1e300),
        ] {
            let (result, errors) = with(value.clone(), |f| f.integer("f", 1, 99));
            assert_eq!((result, errors), (None, vec!["`f` must be an integer from 1 to 99.".to_owned()]), "{value}");
        }
        for value in [json!(null), json!("")] {
            assert_eq!(with(value, |f| f.integer("f", 1, 99)), (None, vec![]));
        }
    }

    #[test]
    fn booleans_come_in_four_forms() {
        for value in [json!(true), json!(1), json!("true"), json!("1"), json!("TRUE")] {
            assert_eq!(with(value, |f| f.boolean("f")), (true, vec![]));
        }
        for value in [json!(false), json!(0), json!("false"), json!("0"), json!(""), json!(null)] {
            assert_eq!(with(value, |f| f.boolean("f")), (false, vec![]));
        }
        assert_eq!(with(json!("yes"), |f| f.boolean("f")).1.len(), 1);
        assert_eq!(with(json!([]), |f| f.boolean("f")).1.len(), 1);
    }

    #[test]
    fn decimals_keep_their_digits() {
        let decimal =
            |value| with(value, |f| f.decimal("f")).0.map(|decimal| decimal.round_dp(6).normalize().to_string());
        assert_eq!(decimal(json!(9.99)).as_deref(), Some("9.99"));
        assert_eq!(decimal(json!("9.990")).as_deref(), Some("9.99"));
        assert_eq!(decimal(json!("1e2")).as_deref(), Some("100"));
        for tiny in [json!("500.1e-75"), json!("0.000000000000000000000000000001"), json!(500.1e-75)] {
            assert_eq!(decimal(tiny).as_deref(), Some("0"));
        }
        for none in ["nine", "e", "-", "1e300", "inf"] {
            assert_eq!(decimal(json!(none)), None, "{none}");
        }
        assert_eq!(with(json!(1e60), |f| f.decimal("f")).1, ["`f` must not be more than 999999999."]);
    }
}
