//! Parts of a request, the same on both sides of the API.

use lambda_http::{Body, Request};

use crate::use_case::refusal::FieldError;

/// The largest body, in bytes.
pub const MAX_BODY: usize = 256 * 1024;

/// The bytes of a request's body.
pub fn body(request: &Request) -> &[u8] {
    match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    }
}

/// A header's value, if it stands once and is text.
pub fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let mut values = request.headers().get_all(name).iter();
    let first = values.next().filter(|_| values.next().is_none())?;
    first.to_str().ok().map(str::trim)
}

/// The request's `Idempotency-Key`: 1..255 visible ASCII characters. API Gateway joins a header that stands twice with
/// commas, and one key may not be read as another.
pub fn idempotency_key(request: &Request) -> Result<Option<String>, Vec<FieldError>> {
    let name = "idempotency-key";
    if !request.headers().contains_key(name) {
        return Ok(None);
    }
    let twice = |key: &str| key.split_once(',').is_some_and(|(one, more)| more.split(',').all(|other| other == one));
    match header(request, name) {
        Some(key)
            if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) && !twice(key) =>
        {
            Ok(Some(key.to_owned()))
        }
        _ => Err(vec![FieldError::new("Idempotency-Key", "must be 1 to 255 visible ASCII characters, once")]),
    }
}
