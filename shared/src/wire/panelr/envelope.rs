//! The envelope: always `success`, `data` and `error`.

use serde_json::{Value, json};

use crate::use_case::FieldError;

/// The one body of every 401.
pub const UNAUTHORIZED: &str = r#"{"success":false,"data":null,"error":"Invalid or missing API key."}"#;

/// A success; `data` is an object or an array.
pub fn success(data: &Value) -> String {
    json!({ "success": true, "data": data, "error": null }).to_string()
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
