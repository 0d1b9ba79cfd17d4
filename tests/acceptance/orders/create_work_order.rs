//! create_work_order: records an order without provisioning it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::{
    clock::TestClock,
    service::{TestService, paid_cart, with, with_items, without},
};

const STATUSES: [&str; 6] =
    ["pending", "pending_payment", "payment_submitted", "completed", "canceled", "payment_failed"];

async fn shop() -> TestService {
    shop_with(json!({})).await
}

async fn shop_with(more: Value) -> TestService {
    TestService::by_hand_with(&TestClock::at("2026-11-23 17:00:00"), more).await
}

/// A cart of 9.99 that waits for its payment.
fn waiting(wc_order_id: &str) -> Value {
    json!({
        "customer_email": "john@example.com",
        "wc_order_id": wc_order_id,
        "status": "pending_payment",
        "items": [{ "product_id": 1, "intent": "new_activation" }],
    })
}

/// The order that a request makes, as get_work_order shows it.
async fn made(service: &TestService, request: &Value) -> Value {
    let reply = service.post("create_work_order", request).await.data();
    service.order(reply["reference_code"].as_str().unwrap(), "john@example.com").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reply_has_six_fields() {
    let service = shop().await;
    let reply = service.post("create_work_order", &waiting("1001")).await.data();
    assert_eq!(
        reply,
        json!({
            "work_order_id": 42,
            "reference_code": "WO-2026-00042",
            "confirmation_token": reply["confirmation_token"],
            "status": "pending_payment",
            "type": "new_activation",
            "item_count": 1,
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_letters_and_digits_and_each_order_has_its_own() {
    let service = shop().await;
    let mut tokens = BTreeSet::new();
    for index in 0..20 {
        let reply = service.post("create_work_order", &waiting(&index.to_string())).await.data();
        let token = reply["confirmation_token"].as_str().unwrap().to_owned();
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
        // 22 characters of 62 hold 128 bits.
        assert!(token.len() >= 22, "{token}");
        tokens.insert(token);
    }
    assert_eq!(tokens.len(), 20);
    // The parts that cannot be guessed differ from order to order.
    let ends: BTreeSet<&str> = tokens.iter().map(|token| &token[token.len() - 11..]).collect();
    assert_eq!(ends.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_part_of_a_token_is_stored() {
    let service = shop().await;
    let reply = service.post("create_work_order", &waiting("1001")).await.data();
    let token = reply["confirmation_token"].as_str().unwrap();
    let table = format!("{:?}", service.items().await);
    assert!(table.contains("john@example.com"));
    for part in [token, &token[..token.len() / 2], &token[token.len() / 2..]] {
        assert!(!table.contains(part), "{part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_as_given_and_nothing_is_provisioned() {
    let service = shop().await;
    for status in STATUSES {
        let request = with(&waiting(status), json!({ "status": status }));
        let reply = service.post("create_work_order", &request).await.data();
        assert_eq!(reply["status"], status);
        let order = service.order(reply["reference_code"].as_str().unwrap(), "john@example.com").await;
        assert_eq!(order["status"], status);
    }
    assert_eq!(service.messages_sent(), 0);
    service.drain().await;
    // The two of the demo catalogue.
    assert_eq!(service.items_of("line").await.len(), 2);
    assert_eq!(service.items_of("order").await.len(), STATUSES.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_recorded_in_three_of_the_six_states() {
    let service = shop().await;
    for (status, recorded) in STATUSES.into_iter().zip([true, false, true, true, false, false]) {
        let payment = json!({
            "status": status, "payment_amount": "4.00", "payment_method_id": 2, "payment_transaction_id": "v-1",
            "adjustment_direction": null, "adjustment_amount": null,
        });
        let order = made(&service, &with(&waiting(status), payment)).await;
        let payments =
            json!([{ "amount": 4, "at": "2026-11-23 17:00:00", "transaction_id": "v-1", "method": "Venmo" }]);
        let expected = if recorded { payments } else { json!([]) };
        assert_eq!(order["payment_history"], expected, "{status}");
        let money = if recorded { (4.0, 5.99) } else { (0.0, 9.99) };
        assert_eq!(order["prev_paid"].as_f64(), Some(money.0), "{status}");
        assert_eq!(order["balance_due"].as_f64(), Some(money.1), "{status}");
        assert_eq!(order["has_partials"], recorded, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_amount_and_an_amount_of_0_record_no_payment() {
    let service = shop().await;
    for (index, amount) in [json!(null), json!(""), json!(0), json!("0.00")].into_iter().enumerate() {
        let payment = json!({ "status": "payment_submitted", "payment_amount": amount });
        let order = made(&service, &with(&waiting(&index.to_string()), payment)).await;
        assert_eq!(order["payment_history"], json!([]), "{amount}");
        assert_eq!(order["balance_due"], 9.99, "{amount}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_method_is_optional_and_may_be_any_that_is_active() {
    let service = shop().await;
    for (index, (method, name)) in [
        (json!(null), json!(null)),
        (json!(""), json!(null)),
        (json!(1), json!("Card")),
        (json!("2"), json!("Venmo")),
        (json!(3.0), json!("zelle")),
    ]
    .into_iter()
    .enumerate()
    {
        let request = with(&waiting(&index.to_string()), json!({ "payment_method_id": method }));
        assert_eq!(made(&service, &request).await["payment_method"]["name"], name, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_is_woocommerce_unless_another_is_given() {
    let service = shop().await;
    for (index, (source, shown)) in
        [(json!(null), "woocommerce"), (json!(""), "woocommerce"), (json!("whmcs"), "whmcs")].into_iter().enumerate()
    {
        let request = with(&waiting(&index.to_string()), json!({ "source": source }));
        assert_eq!(made(&service, &request).await["source"], shown);
    }
    assert_eq!(made(&service, &waiting("1001")).await["source"], "woocommerce");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adjustment_that_is_given_is_stored() {
    let service = shop().await;
    for (index, (direction, amount, label, total)) in [
        ("fee", json!(1.5), json!("Gift wrap"), json!(11.49)),
        ("fee", json!("1.50"), json!(null), json!(11.49)),
        ("discount", json!(2), json!(""), json!(7.99)),
        ("discount", json!(20), json!("Voucher"), json!(0)),
    ]
    .into_iter()
    .enumerate()
    {
        // The method's own fee of 5% gives way to it.
        let fields = json!({
            "payment_method_id": 2, "adjustment_direction": direction, "adjustment_amount": amount,
            "adjustment_label": label,
        });
        let order = made(&service, &with(&waiting(&index.to_string()), fields)).await;
        let shown = Some(&label).filter(|label| **label != "").cloned();
        assert_eq!(order["adjustment"]["direction"], direction);
        assert_eq!(order["adjustment"]["label"], json!(shown));
        let amount = amount.as_f64().unwrap_or(1.5);
        assert_eq!(order["adjustment"]["amount"].as_f64(), Some(amount));
        assert_eq!((&order["order_total"], &order["balance_due"]), (&total, &total));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn adjustment_keys_that_are_null_mean_none() {
    let service = shop().await;
    for (index, keys) in [
        json!({ "adjustment_direction": null, "adjustment_label": null, "adjustment_amount": null }),
        json!({ "adjustment_direction": "", "adjustment_label": "", "adjustment_amount": "" }),
        json!({ "adjustment_direction": null }),
        json!({ "adjustment_amount": null }),
    ]
    .into_iter()
    .enumerate()
    {
        let request = with(&waiting(&index.to_string()), json!({ "payment_method_id": 2 }));
        let order = made(&service, &with(&request, keys.clone())).await;
        assert_eq!(order["adjustment"], json!(null), "{keys}");
        assert_eq!(order["order_total"], 9.99, "{keys}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_methods_own_adjustment_is_computed_and_labelled() {
    let method = |id: u64, label: Option<&str>, direction: &str, mode: &str, value: Value| {
        json!({ "id": id, "name": format!("method{id}"), "display_label": label, "mode": "manual", "adjustment_enabled": true,
                "adjustment_direction": direction, "adjustment_mode": mode, "adjustment_value": value })
    };
    let mut off = method(14, Some("Off"), "fee", "percent", json!(5));
    off["adjustment_enabled"] = json!(false);
    let more = json!({
        "products": [{ "id": 9, "name": "Half", "price_decimal": 0.1, "duration_months": 1, "connections": 1 }],
        "payment_methods": [
            method(10, Some("Cash"), "discount", "percent", json!(2.5)),
            method(11, None, "fee", "fixed", json!(3)),
            method(12, Some("Bank"), "discount", "fixed", json!("20.00")),
            method(13, Some("All"), "discount", "percent", json!(100)),
            off,
        ],
    });
    let service = shop_with(more).await;
    for (method, product, adjustment, total) in [
        (2, 1, Some(("fee", "Venmo Fee (5%)", 0.5)), 10.49),
        // 5% of 0.10 is half a cent, which is rounded up.
        (2, 9, Some(("fee", "Venmo Fee (5%)", 0.01)), 0.11),
        (3, 1, Some(("discount", "zelle Discount ($2.50)", 2.5)), 7.49),
        (10, 2, Some(("discount", "Cash Discount (2.5%)", 0.66)), 25.84),
        (11, 1, Some(("fee", "method11 Fee ($3.00)", 3.0)), 12.99),
        (12, 1, Some(("discount", "Bank Discount ($20.00)", 20.0)), 0.0),
        (13, 2, Some(("discount", "All Discount (100%)", 26.5)), 0.0),
        (14, 1, None, 9.99),
        (1, 1, None, 9.99),
    ] {
        let request = with(&waiting(&format!("{method} {product}")), json!({ "payment_method_id": method }));
        let item = json!({ "product_id": product, "intent": "new_activation" });
        let order = made(&service, &with_items(&request, &[item])).await;
        let shown = &order["adjustment"];
        let shown = shown.as_object().map(|_| {
            let text = |name: &str| shown[name].as_str().unwrap();
            (text("direction"), text("label"), shown["amount"].as_f64().unwrap())
        });
        assert_eq!(shown, adjustment, "method {method}");
        assert_eq!(order["order_total"].as_f64(), Some(total), "method {method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_order_owes_nothing_and_needs_no_method() {
    let service = shop().await;
    for (index, status) in STATUSES.into_iter().enumerate() {
        let fields = json!({
            "status": status, "is_free": 1, "payment_method_id": "none", "payment_amount": -5,
            "payment_transaction_id": "v-1",
        });
        let order = made(&service, &with(&waiting(&index.to_string()), fields)).await;
        assert_eq!(order["adjustment"], json!({ "direction": "discount", "label": "Free order", "amount": 9.99 }));
        assert_eq!(
            (&order["order_total"], &order["balance_due"], &order["payment_history"], &order["payment_method"]),
            (&json!(0), &json!(0), &json!([]), &json!(null)),
            "{status}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn type_and_item_count_follow_from_the_cart() {
    let service = shop().await;
    let new = json!({ "product_id": 1, "intent": "new_activation", "qty": 3 });
    let renewal = json!({ "product_id": 1, "intent": "renewal", "activation_id": 321 });
    let upgrade = json!({ "product_id": 1, "intent": "trial_upgrade", "activation_id": 45 });
    for (index, (items, kind)) in [
        (vec![renewal.clone(), upgrade.clone()], "renewal"),
        (vec![upgrade.clone(), renewal.clone()], "trial_upgrade"),
        (vec![renewal, upgrade, new], "new_activation"),
    ]
    .into_iter()
    .enumerate()
    {
        let request = with_items(&waiting(&index.to_string()), &items);
        let reply = service.post("create_work_order", &request).await.data();
        assert_eq!((&reply["type"], &reply["item_count"]), (&json!(kind), &json!(items.len())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_request_gets_the_first_reply_with_its_token() {
    let service = shop().await;
    let headers = [("Idempotency-Key", "order-1001")];
    let keyless = without(&waiting("1001"), "wc_order_id");
    let first = service.post("create_work_order", &waiting("1001")).await;
    let by_header = service.post_with("create_work_order", &headers, &keyless).await;
    let token = first.data()["confirmation_token"].clone();
    // Whatever has happened since.
    service.post("complete_order", &json!({ "confirmation_token": token })).await.data();
    service.drain().await;
    let copies = [
        waiting("1001"),
        with(&waiting("1001"), json!({ "wc_order_id": 1001, "payment_method_id": 3, "payment_amount": 1 })),
        with(&waiting("1001"), json!({ "customer_email": " John@Example.COM ", "customer_name": "John" })),
    ];
    for copy in copies {
        assert_eq!(service.post("create_work_order", &copy).await.text, first.text);
    }
    let again = service.post_with("create_work_order", &headers, &keyless).await;
    assert_eq!(again.text, by_header.text);
    assert_ne!(first.data()["work_order_id"], by_header.data()["work_order_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_request_under_the_same_key_is_refused_by_naming_the_order() {
    let service = shop().await;
    service.post("create_work_order", &waiting("1001")).await.data();
    let item = json!({ "product_id": 1, "intent": "new_activation", "qty": 2 });
    for other in [
        with(&waiting("1001"), json!({ "status": "pending" })),
        with(&waiting("1001"), json!({ "customer_email": "jane@example.com" })),
        with_items(&waiting("1001"), &[item]),
    ] {
        let sentence = service.post("create_work_order", &other).await.error(422);
        assert!(sentence.contains("WO-2026-00042"), "{sentence}");
    }
    // The other action has keys of its own.
    let reply = service.post("complete_order", &paid_cart("1001")).await.data();
    assert_ne!(reply["work_order_id"], 42);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_alone_does_not_make_two_requests_one() {
    let service = shop().await;
    let fields = json!({ "payment_method_id": 1, "payment_transaction_id": "pi_1" });
    let request = with(&without(&waiting("1001"), "wc_order_id"), fields);
    for number in [42, 43] {
        let reply = service.post("create_work_order", &request).await.data();
        assert_eq!(reply["work_order_id"], number);
    }
}
