//! The catalogue of the soak.

use serde_json::json;

/// The shop's key.
pub(crate) const KEY: &str = "a-key-for-the-soak-alone";
/// Lines that orders renew: 1 to this.
pub(crate) const LINES: u64 = 40;
/// The price of product 1.
pub(crate) const PRICE: f64 = 9.99;

/// The seed file.
pub(crate) fn text() -> String {
    // Far enough ahead that every renewal adds to what is left.
    let line = |id| {
        json!({
            "activation_id": id, "product_id": 1, "customer_email": "john@example.com", "username": format!("line{id}"),
            "connections": 1, "expires_at": "2100-01-15 00:00:00",
        })
    };
    let seed = json!({
        "settings": { "first_work_order_id": 42 },
        "api_keys": [{ "name": "soak", "secret": KEY, "scopes": ["*"] }],
        "products": [
            { "id": 1, "name": "Basic", "price_decimal": PRICE, "duration_months": 1, "connections": 1 },
            { "id": 2, "name": "Plus", "price_decimal": 26.5, "duration_months": 3, "connections": 2 },
        ],
        "payment_methods": [
            { "id": 1, "name": "stripe", "mode": "automated" }, { "id": 2, "name": "venmo", "mode": "manual" },
        ],
        "lines": (1..=LINES).map(line).collect::<Vec<_>>(),
    });
    seed.to_string()
}
