//! The Shoppex order API: its error envelope.

use serde_json::{Value, json};

use crate::use_case::FieldError;

/// An error: `code` in capitals, a sentence, and for validation the fields that broke a rule.
pub fn failure(code: &str, message: &str, details: &[FieldError]) -> String {
    let mut error =
        json!({ "code": code, "message": message, "doc_url": format!("https://docs.shoppex.io/api/errors#{code}") });
    if !details.is_empty() {
        let details: Vec<Value> = details
            .iter()
            .map(|error| json!({ "field": error.field, "message": error.message }))
            .collect();
        error["details"] = details.into();
    }
    json!({ "error": error }).to_string()
}
