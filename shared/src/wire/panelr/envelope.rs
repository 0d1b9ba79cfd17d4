//! The envelope: always `success`, `data` and `error`.

use serde::Serialize;
use serde_json::{Value, json};

use crate::use_case::refusal::FieldError;

/// The one body of every 401.
pub const UNAUTHORIZED: &str = r#"{"success":false,"data":null,"error":"Invalid or missing API key."}"#;

#[derive(Serialize)]
struct Envelope<'a, D> {
    success: bool,
    data: &'a D,
    error: Option<&'a str>,
}

/// A success; `data` is an object or an array.
pub fn success(data: &impl Serialize) -> serde_json::Result<String> {
    // To a string, and not through the formatter, which goes piece by piece at twice the instructions.
    serde_json::to_string(&Envelope { success: true, data, error: None })
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
