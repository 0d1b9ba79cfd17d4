//! The envelope: always `success`, `data` and `error`.

use serde_json::{Value, json};

use crate::{use_case::FieldError, wire::json::text};

/// The one body of every 401.
pub const UNAUTHORIZED: &str = r#"{"success":false,"data":null,"error":"Invalid or missing API key."}"#;

/// A success; `data` is an object or an array.
pub fn success(data: &Value) -> String {
    // Put together by hand: `json!` would copy the data, of which some replies have much.
    format!(r#"{{"success":true,"data":{},"error":null}}"#, text(data))
}

/// A failure: `sentence` for a person, `code` for a program, the fields that broke a rule.
pub fn failure(sentence: &str, code: &str, details: &[FieldError]) -> String {
    let mut body = json!({ "success": false, "data": null, "error": sentence, "code": code });
    if !details.is_empty() {
        let details: Vec<Value> =
            details.iter().map(|error| json!({ "field": error.field, "message": error.message })).collect();
        body["details"] = details.into();
    }
    body.to_string()
}
