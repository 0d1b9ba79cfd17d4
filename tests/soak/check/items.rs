//! The export: DynamoDB's JSON.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

/// The items by kind; keys are what follows the kind in the partition key.
pub(crate) struct Table<'a> {
    pub(crate) orders: BTreeMap<&'a str, &'a Value>,
    pub(crate) lines: BTreeMap<u64, &'a Value>,
    pub(crate) numbers: BTreeMap<u64, &'a str>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(items: &'a [Value]) -> Self {
        let (mut orders, mut lines, mut numbers) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for item in items {
            match text(&item["pk"]).split_once('#') {
                Some(("order", key)) => drop(orders.insert(key, item)),
                Some(("line", key)) => drop(lines.insert(key.parse().unwrap_or_default(), item)),
                Some(("number", key)) => drop(numbers.insert(key.parse().unwrap_or_default(), text(&item["order"]))),
                _ => {}
            }
        }
        Self { orders, lines, numbers }
    }
}

/// A string, or nothing.
pub(crate) fn text(value: &Value) -> &str {
    value["S"].as_str().unwrap_or_default()
}

/// A whole number, or 0.
pub(crate) fn number(value: &Value) -> u64 {
    value["N"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// An amount, kept as a string.
pub(crate) fn amount(value: &Value) -> Decimal {
    text(value).parse().unwrap_or_default()
}

/// The values of a list.
pub(crate) fn list(value: &Value) -> &[Value] {
    value["L"].as_array().map(Vec::as_slice).unwrap_or_default()
}
