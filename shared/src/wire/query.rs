//! Query strings: `+` and `%20` are spaces, `%2B` is a plus.

use crate::use_case::refusal::FieldError;

/// The parameter `name` of a query string, trimmed; an empty one is absent. One that stands twice is refused: the caller
/// and whoever checked the request before us may have read different ones.
pub fn parameter(query: &str, name: &str) -> Result<Option<String>, FieldError> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name).map(|(_, value)| value);
    let first = values.next();
    if values.next().is_some() {
        return Err(FieldError::new(name, "stands twice in the query"));
    }
    Ok(first.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_pluses_are_told_apart() {
        let get = |query| parameter(query, "email").unwrap();
        assert_eq!(get("email=john%2Bx%40example.com").as_deref(), Some("john+x@example.com"));
        assert_eq!(get("ref=1&email=a+b%20c").as_deref(), Some("a b c"));
        assert_eq!(get("email=&ref=1"), None);
        assert_eq!(get(""), None);
        assert!(parameter("email=a&email=b", "email").is_err());
    }
}
