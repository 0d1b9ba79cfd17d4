//! The URL that every existing Panelr client sends, `/api/api.php?action=<action>`, as the edge rewrites it.

/// The path that a request is routed by: `/api/<action>` for the legacy path with one good action, else the path itself.
pub fn rewrite(path: &str, query: &str) -> String {
    if path != "/api/api.php" {
        return path.to_owned();
    }
    let mut actions = query.split('&').filter_map(|pair| pair.strip_prefix("action="));
    match (actions.next(), actions.next()) {
        (Some(action), None) if is_action(action) => format!("/api/{action}"),
        _ => path.to_owned(),
    }
}

/// `^[a-z_]{1,64}$`
fn is_action(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_good_action_is_rewritten() {
        assert_eq!(rewrite("/api/api.php", "action=complete_order"), "/api/complete_order");
        assert_eq!(
            rewrite("/api/api.php", "ref=WO-1&action=get_work_order&email=a%40b.c"),
            "/api/get_work_order"
        );
        for query in [
            "",
            "action=",
            "action=../x",
            "action=a%62",
            "action=A",
            "action=a&action=b",
            "action",
            "xaction=a",
        ] {
            assert_eq!(rewrite("/api/api.php", query), "/api/api.php", "{query}");
        }
        assert_eq!(
            rewrite("/api/api.php", &format!("action={}", "a".repeat(65))),
            "/api/api.php"
        );
        assert_eq!(rewrite("/x/api.php", "action=complete_order"), "/x/api.php");
    }
}
