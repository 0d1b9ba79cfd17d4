//! Catalogues of a test's own.

use serde_json::Value;

/// The demo catalogue with these entries added: `{"products": [...], "lines": [...]}`.
pub fn demo_with(more: Value) -> Value {
    let mut seed: Value = serde_json::from_str(local::start::DEMO).unwrap();
    let Value::Object(more) = more else { panic!("what is added is an object") };
    for (name, entries) in more {
        let Value::Array(entries) = entries else { panic!("{name} is an array") };
        seed[&name].as_array_mut().unwrap().extend(entries);
    }
    seed
}
