use proptest::prelude::*;

use super::{
    edge::{CODE, path_behind},
    rewrite,
};

const FILE: &str = include_str!("../../../edge/legacy_url.js");
const LEGACY: &str = "/api/api.php";

/// Queries of the legacy path that name an action, each with the path it becomes.
const REWRITTEN: &[(&str, &str)] = &[
    ("action=complete_order", "/api/complete_order"),
    ("action=get_products", "/api/get_products"),
    ("action=get_work_order&ref=WO-2026-00042&token=tok_abc123", "/api/get_work_order"),
    ("action=get_work_order&ref=WO-2026-00042&email=john%2Bx%40example.com", "/api/get_work_order"),
    ("action=get_work_order&email=a+b%2Bc%40example.com&ref=", "/api/get_work_order"),
    ("ref=WO-1&action=get_work_order&email=a%40b.c", "/api/get_work_order"),
    ("ref=WO-1&email=a%40b.c&action=get_work_order", "/api/get_work_order"),
    // No such action: that is for the default route to say.
    ("action=nothing_of_ours", "/api/nothing_of_ours"),
    ("action=a", "/api/a"),
    ("action=_", "/api/_"),
    ("action=__proto__", "/api/__proto__"),
    ("action=constructor", "/api/constructor"),
    (
        "action=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "/api/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ),
    // Names that only look alike are other parameters.
    ("action=a&Action=b", "/api/a"),
    ("action=a&action[]=b", "/api/a"),
    ("action=a&%61ction=b", "/api/a"),
    ("action=a&xaction=b&actions=c&action.=d", "/api/a"),
    ("action=a&__proto__=b&constructor=c&toString=d", "/api/a"),
    ("&&action=a&&", "/api/a"),
    ("=&action=a&=action", "/api/a"),
    ("1=b&0=c&action=a", "/api/a"),
    ("x=%00%ff%zz%&action=a", "/api/a"),
    ("x=https://e.example/?y=z&action=a", "/api/a"),
    ("ref=a&ref=b&action=a", "/api/a"),
];

/// URLs that stay as they are.
const KEPT: &[&str] = &[
    // No action, or an empty one.
    "/api/api.php",
    "/api/api.php?",
    "/api/api.php??action=a",
    "/api/api.php?&",
    "/api/api.php?=",
    "/api/api.php?ref=WO-1",
    "/api/api.php?action",
    "/api/api.php?action=",
    "/api/api.php?action&ref=WO-1",
    "/api/api.php?action=&ref=WO-1",
    // Repeated.
    "/api/api.php?action=a&action=b",
    "/api/api.php?action=a&action=a",
    "/api/api.php?action=a&ref=WO-1&action=a",
    "/api/api.php?action=a&action",
    "/api/api.php?action&action=a",
    "/api/api.php?action=a&action=",
    "/api/api.php?action=&action=a",
    "/api/api.php?action=a&action=../x",
    // Out of the path.
    "/api/api.php?action=../x",
    "/api/api.php?action=..",
    "/api/api.php?action=.",
    "/api/api.php?action=/",
    "/api/api.php?action=a/b",
    "/api/api.php?action=a/../b",
    "/api/api.php?action=..\\x",
    "/api/api.php?action=//host.example",
    "/api/api.php?action=http://host.example/",
    "/api/api.php?action=a?x=y",
    "/api/api.php?action=a#x",
    "/api/api.php?action=a%23x",
    // Escaped.
    "/api/api.php?action=%61",
    "/api/api.php?action=complete%5Forder",
    "/api/api.php?action=..%2Fx",
    "/api/api.php?action=%2e%2e%2fx",
    "/api/api.php?action=%252e%252e",
    "/api/api.php?action=a%00",
    "/api/api.php?action=a%0A",
    "/api/api.php?action=a%0d%0ax",
    "/api/api.php?action=%",
    "/api/api.php?action=%C3%A9",
    "/api/api.php?action%3Da",
    "/api/api.php?%61ction=a",
    "/api/api.php?action=%00",
    // Not of the alphabet.
    "/api/api.php?action=A",
    "/api/api.php?action=completeOrder",
    "/api/api.php?action=complete-order",
    "/api/api.php?action=a1",
    "/api/api.php?action=a ",
    "/api/api.php?action=a\n",
    "/api/api.php?action=+a",
    "/api/api.php?action=a+b",
    "/api/api.php?action=é",
    "/api/api.php?action=ａ",
    "/api/api.php?action==a",
    "/api/api.php?action=a=",
    "/api/api.php?action=a=b",
    "/api/api.php?action=a;b",
    "/api/api.php?action=${x}",
    "/api/api.php?action='a'",
    "/api/api.php?action=a,b",
    // Another name, another separator.
    "/api/api.php?Action=a",
    "/api/api.php?ACTION=a",
    "/api/api.php?xaction=a",
    "/api/api.php?actions=a",
    "/api/api.php?action[]=a",
    "/api/api.php?action[0]=a",
    "/api/api.php? action=a",
    "/api/api.php?ref=WO-1;action=a",
    "/api/api.php?amp;action=a",
    // Another path.
    "/api/api.PHP?action=a",
    "/API/api.php?action=a",
    "/api/api.php/?action=a",
    "/api/api.php/x?action=a",
    "/api//api.php?action=a",
    "//api/api.php?action=a",
    "/api/./api.php?action=a",
    "/api/x/../api.php?action=a",
    "/api/api%2Ephp?action=a",
    "/api%2Fapi.php?action=a",
    "/api/api.php%3Faction=a",
    "/api/api.php;x?action=a",
    "/api/api.phpx?action=a",
    "/prod/api/api.php?action=a",
    "/api.php?action=a",
    "/api/complete_order?action=a",
    "/api/complete_order",
    "/dev/v1/orders/inv_1/complete?action=a",
    "/?action=a",
    "/",
];

/// What the local service makes of a URL.
fn local(url: &str) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    rewrite(path, query)
}

#[test]
fn the_template_has_the_file_to_the_byte() {
    assert_eq!(CODE.as_str(), FILE, "copy infra/edge/legacy_url.js into template.yaml");
}

#[test]
fn one_good_action_is_rewritten() {
    for (query, path) in REWRITTEN {
        let url = format!("{LEGACY}?{query}");
        assert_eq!(local(&url), *path, "here: {url}");
        assert_eq!(path_behind(&url), *path, "at the edge: {url}");
    }
}

#[test]
fn all_else_is_kept() {
    let long = ["a".repeat(65), "a".repeat(8_000), "../".repeat(2_000)].map(|text| format!("{LEGACY}?action={text}"));
    let many = format!("{LEGACY}?{}", "action=a&".repeat(1_000));
    for url in KEPT.iter().copied().chain(long.iter().map(String::as_str)).chain([many.as_str()]) {
        let (path, _) = url.split_once('?').unwrap_or((url, ""));
        assert_eq!(local(url), path, "here: {url}");
        assert_eq!(path_behind(url), path, "at the edge: {url}");
    }
}

/// Mostly the legacy path and what is nearly it.
fn paths() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just(LEGACY.to_owned()),
        1 => "/{1,2}[aA]pi/{1,2}api(\\.|%2[eE])(php|PHP)[/;]?",
        1 => "/[!-~&&[^?#]]{0,20}",
    ]
}

/// Few parameters, most of them actions, some of them good.
fn queries() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        4 => Just("action".to_owned()),
        1 => Just("ref".to_owned()),
        1 => "[aA%]?(ction|61ction|action)(\\[\\]|%00|\\.)?",
        1 => "[!-~&&[^#]]{0,6}",
    ];
    let value = prop_oneof![
        4 => "=[a-z_]{1,6}",
        1 => "=[a-z_]{62,67}",
        1 => "=[a-zA-Z0-9_./%+;=?\\\\-]{0,8}",
        1 => "(=[ -~é\\n]{0,4}){0,2}",
    ];
    let pair = (name, value).prop_map(|(name, value)| name + &value);
    prop::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join("&"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_edge_and_this_agree(path in paths(), query in queries()) {
        let url = format!("{path}?{query}");
        prop_assert_eq!(path_behind(&url), local(&url), "{}", url);
    }
}
