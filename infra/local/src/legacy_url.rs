//! The URL that every existing Panelr client sends, `/api/api.php?action=<action>`, as the edge rewrites it.
//! The edge's own code is infra/edge/legacy_url.js; the tests run it beside this one.

#[cfg(test)]
mod edge;
#[cfg(test)]
mod tests;

/// The path that a request is routed by: `/api/<action>` for the legacy path with one good action, else the path itself.
pub fn rewrite(path: &str, query: &str) -> String {
    if path != "/api/api.php" {
        return path.to_owned();
    }
    let mut actions = query.split('&').filter(|pair| *pair == "action" || pair.starts_with("action="));
    let action = match (actions.next(), actions.next()) {
        (Some(pair), None) => pair.strip_prefix("action=").filter(|action| is_action(action)),
        _ => None,
    };
    action.map_or_else(|| path.to_owned(), |action| format!("/api/{action}"))
}

/// `^[a-z_]{1,64}$`
fn is_action(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}
