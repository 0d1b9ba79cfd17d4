//! The cases: whole requests here, one field at a time in `fields`.

use serde_json::{Value, json};
use support::service::{paid_cart, with, without};

use super::{Case, READER, REVOKED, WRITER, fields};

pub(super) fn all() -> Vec<Case> {
    let groups = [keys(), transport(), json_texts(), fields::all(), tokens(), queries(), accepted()];
    groups.into_iter().flatten().collect()
}

fn keys() -> Vec<Case> {
    let order = |name: &str| Case::post(name, "complete_order", &paid_cart("1001"));
    vec![
        order("no key").under_key(None).refused(401, ""),
        order("an empty key").under_key(Some("")).refused(401, ""),
        order("an unknown key").under_key(Some("a-key-that-nobody-gave-out")).refused(401, ""),
        order("a revoked key").under_key(Some(REVOKED)).refused(401, ""),
        Case::new("no key and no JSON", "POST", "/api/complete_order", "{").under_key(None).refused(401, ""),
        Case::new("an unknown key that reads", "GET", "/api/get_work_order?ref=WO-1", "")
            .under_key(Some("a-key-that-nobody-gave-out"))
            .refused(401, ""),
        order("a key that may only read").under_key(Some(READER)).refused(403, "orders.write"),
        Case::post("a key that may only read, create", "create_work_order", &fields::waiting())
            .under_key(Some(READER))
            .refused(403, "orders.write"),
        Case::new("a key that may only write", "GET", "/api/get_work_order?ref=WO-1&token=x", "")
            .under_key(Some(WRITER))
            .refused(403, "orders.read"),
        order("Idempotency-Key empty").once("").refused(422, "Idempotency-Key"),
        order("Idempotency-Key with a space").once("a b").refused(422, "Idempotency-Key"),
        order("Idempotency-Key of 256").once(&"k".repeat(256)).refused(422, "Idempotency-Key"),
        order("Idempotency-Key beyond ASCII").once("schlüssel").refused(422, "Idempotency-Key"),
    ]
}

fn transport() -> Vec<Case> {
    let body = paid_cart("1001").to_string();
    let sent = |name: &str, method, target: &str| Case::new(name, method, target, body.clone());
    let padded = |bytes: usize| format!("{body}{}", " ".repeat(bytes - body.len()));
    vec![
        sent("GET complete_order", "GET", "/api/complete_order").refused(405, "POST"),
        sent("PUT create_work_order", "PUT", "/api/create_work_order").refused(405, "POST"),
        sent("POST get_work_order", "POST", "/api/get_work_order").refused(405, "GET"),
        sent("DELETE, old URL", "DELETE", "/api/api.php?action=get_work_order").refused(405, "GET"),
        sent("an unknown action", "POST", "/api/refund_order").refused(404, "Unknown action"),
        sent("an unknown action, old URL", "POST", "/api/api.php?action=refund_order").refused(404, "Unknown action"),
        sent("no action, old URL", "POST", "/api/api.php").refused(404, "Unknown action"),
        sent("two actions", "POST", "/api/api.php?action=complete_order&action=create_work_order")
            .refused(404, "Unknown action"),
        sent("an action in capitals", "POST", "/api/api.php?action=COMPLETE_ORDER").refused(404, "Unknown action"),
        sent("an unknown path", "GET", "/").refused(404, "Unknown action"),
        sent("a slash at the end", "POST", "/api/complete_order/").refused(404, "Unknown action"),
        sent("something before it", "POST", "/shop/api/complete_order").refused(404, "Unknown action"),
        Case::new("300 KiB", "POST", "/api/complete_order", padded(300 * 1024)).refused(413, "256 KiB"),
        Case::new("a byte over 256 KiB", "POST", "/api/complete_order", padded(256 * 1024 + 1)).refused(413, "256 KiB"),
    ]
}

fn nested(levels: usize) -> String {
    let body = json!({ "extra": "X", "items": [{ "product_id": 1, "intent": "new_activation" }] });
    let body = with(&without(&paid_cart("1"), "wc_order_id"), body);
    let arrays = format!("{}{}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    without(&body, "payment_transaction_id").to_string().replace("\"X\"", &arrays)
}

fn json_texts() -> Vec<Case> {
    let whole = paid_cart("1001").to_string();
    let texts: Vec<(&str, Vec<u8>, &str)> = vec![
        ("an empty body", vec![], "no body"),
        ("a blank body", b" \r\n\t".to_vec(), "no body"),
        ("a body that is cut off", whole[..whole.len() - 1].into(), "valid JSON"),
        ("text after the body", format!("{whole} x").into(), "valid JSON"),
        ("two bodies", format!("{whole}{whole}").into(), "valid JSON"),
        ("a form", b"customer_email=john%40example.com".to_vec(), "valid JSON"),
        ("single quotes", whole.replace('"', "'").into(), "valid JSON"),
        ("a comma too many", whole.replace('}', ",}").into(), "valid JSON"),
        ("NaN", whole.replace("9.99", "NaN").into(), "valid JSON"),
        ("an array", format!("[{whole}]").into(), "object"),
        ("a string", b"\"complete_order\"".to_vec(), "object"),
        ("null", b"null".to_vec(), "object"),
        ("a number", b"42".to_vec(), "object"),
        ("a key twice", whole.replacen('{', "{\"notes\":1,\"notes\":1,", 1).into(), "twice"),
        ("a key twice in an item", whole.replace("\"qty\":1", "\"qty\":1,\"qty\":2").into(), "twice"),
        ("a key twice, once escaped", whole.replace("\"qty\":1", "\"qty\":1,\"\\u0071ty\":2").into(), "twice"),
        ("33 levels", nested(33).into(), "32 levels"),
        ("100,000 levels", nested(100_000).into(), "32 levels"),
        ("a lone surrogate", whole.replace("john@", "\\ud83djohn@").into(), "valid JSON"),
        ("a raw line break in a string", whole.replace("john@", "john\n@").into(), "valid JSON"),
        ("invalid UTF-8", whole.bytes().map(|byte| if byte == b'@' { 0xFF } else { byte }).collect(), "valid JSON"),
    ];
    let case = |(name, text, says): (&str, Vec<u8>, _)| {
        Case::new(name, "POST", "/api/complete_order", text).refused(400, says)
    };
    texts.into_iter().map(case).collect()
}

fn tokens() -> Vec<Case> {
    let case = |name: &str, token: Value| Case::post(name, "complete_order", &json!({ "confirmation_token": token }));
    vec![
        case("an unknown token", json!("A".repeat(44))).refused(404, "Work order not found."),
        case("a token that is none", json!("nonsense")).refused(404, "Work order not found."),
        case("a token of 256", json!("A".repeat(256))).refused(422, "`confirmation_token`"),
        case("a token that is a number", json!(42)).refused(422, "`confirmation_token`"),
        case("an empty token and no cart", json!("")).refused(422, "`customer_email`"),
    ]
}

fn queries() -> Vec<Case> {
    let case = |query: &str, status, says| {
        let name = format!("GET ?{query}");
        Case::new(&name, "GET", &format!("/api/get_work_order?{query}"), "").refused(status, says)
    };
    vec![
        case("", 422, "`ref`"),
        case("email=john%40example.com", 422, "`ref`"),
        case("ref=&email=john%40example.com", 422, "`ref`"),
        case("ref=+&token=x", 422, "`ref`"),
        case("ref=WO-2026-00042", 422, "`token` or `email`"),
        case("ref=WO-2026-00042&token=&email=", 422, "`token` or `email`"),
        case("ref=WO-2026-00042&ref=WO-2026-00043&token=x", 422, "`ref`"),
        case("ref=WO-2026-00042&email=a%40b.co&email=c%40d.co", 422, "`email`"),
        case("ref=WO-2026-00042&token=x&token=x", 422, "`token`"),
        case("ref=WO-2026-00042&token=x", 404, "Work order not found."),
        case("ref=WO-2026-00042&email=john%40example.com", 404, "Work order not found."),
        case("ref=%FF%00&email=%FF", 404, "Work order not found."),
    ]
}

/// What looks bad and is not. Without an idempotency key, each makes an order.
fn accepted() -> Vec<Case> {
    let plain = without(&without(&paid_cart("1001"), "wc_order_id"), "payment_transaction_id");
    let text = plain.to_string();
    let sent = |name: &str, text: String| Case::new(name, "POST", "/api/complete_order", text);
    let amount = |number: &str| text.replace("9.99", number);
    let order = |name: &str, changes: Value| Case::post(name, "complete_order", &with(&plain, changes));
    vec![
        sent("PHP's 9.99", amount("9.9900000000000002")),
        sent("PHP's 0.1 + 0.2", amount("0.30000000000000004")),
        sent("PHP's sum that falls short", amount("19.979999999999997")),
        sent("a number within 0.000001 of a cent", amount("9.9900009")),
        sent("an amount with an exponent", amount("999e-2")),
        sent("32 levels", nested(32)),
        sent("256 KiB", format!("{text}{}", " ".repeat(256 * 1024 - text.len()))),
        sent("a byte order mark", format!("\u{feff}{text}")),
        sent("a surrogate pair", text.replacen('{', "{\"customer_name\":\"\\ud83d\\ude00\",", 1)),
        order("Idempotency-Key of 255", json!({})).once(&"~".repeat(255)),
        order("unknown keys", json!({ "coupon": { "code": [1, null] }, "": true })),
        order("unicode", json!({ "customer_name": "Жан Ñandú 王 😀", "notes": "\u{0}\u{202e}" })),
        order("255 letters of two bytes", json!({ "customer_name": "ж".repeat(255) })),
        order("a null that is optional", json!({ "customer_name": null, "bouquet_ids": null, "source": null })),
    ]
}
