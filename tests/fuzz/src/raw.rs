//! A whole request. Input: a request line, header lines, a blank line, the body; as in `tests/wire`, to any path.

use std::sync::LazyLock;

use lambda_http::http::{HeaderName, HeaderValue, Method};
use local::{
    legacy_url,
    template::{Route, Template},
};
use percent_encoding::percent_decode_str;

use crate::{
    send::{Sent, answer, documented, side},
    world::World,
};
use shared::lambda::http::Side;

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| Template::read().expect("template.yaml").routes);

/// Legacy URLs as the edge rewrites them, routes as the template has them.
pub(crate) fn http_request(input: &[u8]) -> String {
    let Some((method, target, headers, body)) = parse(input) else { return "unrouted".to_owned() };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = legacy_url::rewrite(path, query);
    let (function, id) = route(method.as_str(), &path).unwrap_or(("not_found", None));
    let sent = Sent { method: method.clone(), path: &path, id, query, headers, body };
    let answer = answer(&World::new(), function, sent.event());
    if function == "not_found" {
        assert!([404, 405, 414].contains(&answer.status), "{}", answer.text);
        let panelr = answer.json()["success"] == false;
        assert_eq!(panelr, side(&path) == Side::Panelr, "the envelope of the other side: {}", answer.text);
    } else {
        documented(method.as_str(), target, &answer);
    }
    answer.status.to_string()
}

type Parsed<'a> = (Method, &'a str, Vec<(HeaderName, HeaderValue)>, &'a [u8]);

fn parse(input: &[u8]) -> Option<Parsed<'_>> {
    let (mut line, mut rest) = cut(input);
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let method = words.next()?.parse().ok()?;
    let target = words.next().filter(|target| target.starts_with('/'))?;
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    loop {
        (line, rest) = cut(rest);
        if line.is_empty() {
            return Some((method, target, headers, rest));
        }
        let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':')?);
        let value = HeaderValue::from_bytes(value.get(1..)?.trim_ascii()).ok()?;
        let name = HeaderName::from_bytes(name).ok()?;
        match headers.iter_mut().find(|(known, _)| *known == name) {
            // An HTTP API joins headers of one name.
            Some((_, known)) => {
                *known = HeaderValue::from_bytes(&[known.as_bytes(), value.as_bytes()].join(&b',')).ok()?;
            }
            None => headers.push((name, value)),
        }
    }
}

/// The first line, and what follows it.
fn cut(input: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = input.split_at(input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len()));
    (line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or_default())
}

/// The function behind a route, and what stands for its `{id}`.
pub(crate) fn route(method: &str, path: &str) -> Option<(&'static str, Option<String>)> {
    ROUTES.iter().filter(|route| route.method == method).find_map(|route| {
        let (wanted, given): (Vec<&str>, Vec<&str>) = (route.path.split('/').collect(), path.split('/').collect());
        let fits = |(wanted, given): (&&str, &&str)| wanted == given || (*wanted == "{id}" && !given.is_empty());
        if wanted.len() != given.len() || !wanted.iter().zip(&given).all(fits) {
            return None;
        }
        let id = wanted.iter().zip(&given).find(|(wanted, _)| **wanted == "{id}").map(|(_, given)| *given);
        Some((route.function.as_str(), id.map(|id| percent_decode_str(id).decode_utf8_lossy().into_owned())))
    })
}
