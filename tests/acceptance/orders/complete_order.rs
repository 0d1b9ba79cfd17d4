//! complete_order: a payment that a gateway has confirmed becomes a queued order.

use serde_json::{Value, json};
use support::{
    clock::TestClock,
    service::{TestService, paid_cart, with, with_items, without},
};

async fn shop() -> TestService {
    TestService::by_hand(&TestClock::at("2026-11-23 17:00:00")).await
}

/// The order that a cart makes, as get_work_order shows it.
async fn placed(service: &TestService, cart: &Value) -> Value {
    let reply = service.post("complete_order", cart).await.data();
    service.order(reply["reference_code"].as_str().unwrap(), "john@example.com").await
}

fn new(product: u64, qty: u64) -> Value {
    json!({ "product_id": product, "intent": "new_activation", "qty": qty })
}

fn renewal(product: u64, line: u64) -> Value {
    json!({ "product_id": product, "intent": "renewal", "activation_id": line })
}

fn upgrade(product: u64, line: u64) -> Value {
    json!({ "product_id": product, "intent": "trial_upgrade", "activation_id": line })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reply_has_five_fields_and_the_order_waits_in_the_queue() {
    let service = shop().await;
    let answer = service.post("complete_order", &paid_cart("1001")).await;
    assert_eq!(
        answer.text,
        r#"{"success":true,"data":{"work_order_id":42,"reference_code":"WO-2026-00042","status":"queued","type":"new_activation","item_count":1},"error":null}"#
    );
    assert_eq!(service.messages_sent(), 1);
    let order = service.order("WO-2026-00042", "john@example.com").await;
    assert_eq!(order["status"], "awaiting_webhook");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_url_with_the_action_in_the_query_does_the_same() {
    let service = shop().await;
    let headers = [("x-panelr-api-key", service.key.as_str()), ("Content-Type", "application/json")];
    let body = paid_cart("1001").to_string();
    let old = service.send("POST", "/api/api.php?action=complete_order", &headers, body.clone()).await;
    assert_eq!(old.data()["work_order_id"], 42);
    let new = service.send("POST", "/api/complete_order", &headers, body).await;
    assert_eq!(old.text, new.text);
}

/// What an amount paid for a cart of 9.99 makes of adjustment, total and payments.
#[tokio::test(flavor = "multi_thread")]
async fn the_order_shows_as_paid_whatever_the_shop_charged() {
    let service = shop().await;
    let discount = |amount: f64| json!({ "direction": "discount", "label": "Adjusted at checkout", "amount": amount });
    let fee = |amount: f64| json!({ "direction": "fee", "label": "Adjusted at checkout", "amount": amount });
    let rows = [
        (json!(null), json!(null), json!(9.99)),
        (json!(""), json!(null), json!(9.99)),
        (json!(9.99), json!(null), json!(9.99)),
        (json!("9.99"), json!(null), json!(9.99)),
        (json!(12.34), fee(2.35), json!(12.34)),
        (json!(9.990_000_1), json!(null), json!(9.99)),
        (json!(8), discount(1.99), json!(8)),
        (json!("8.00"), discount(1.99), json!(8)),
        (json!(0.01), discount(9.98), json!(0.01)),
        (json!(0), discount(9.99), json!(0)),
        (json!("0.00"), discount(9.99), json!(0)),
    ];
    for (index, (amount, adjustment, paid)) in rows.into_iter().enumerate() {
        let cart = with(&paid_cart(&index.to_string()), json!({ "payment_amount": amount }));
        let order = placed(&service, &cart).await;
        let payments = order["payment_history"].as_array().unwrap().len();
        assert_eq!(order["adjustment"], adjustment, "{amount}");
        assert_eq!(
            (&order["snap_total"], &order["order_total"], &order["prev_paid"], &order["balance_due"]),
            (&json!(9.99), &paid, &paid, &json!(0)),
            "{amount}"
        );
        assert_eq!((payments, &order["has_partials"]), (usize::from(paid != 0), &json!(false)), "{amount}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_amount_is_the_sum_of_all_lines() {
    let service = shop().await;
    let cart = with_items(&without(&paid_cart("1001"), "payment_amount"), &[new(1, 3), new(2, 2), new(3, 1)]);
    let order = placed(&service, &cart).await;
    assert_eq!(order["snap_total"], 82.97);
    assert_eq!(order["prev_paid"], 82.97);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_keeps_its_time_transaction_and_method() {
    let service = shop().await;
    let order = placed(&service, &paid_cart("1001")).await;
    assert_eq!(
        order["payment_history"],
        json!([{ "amount": 9.99, "at": "2026-11-23 17:00:00", "transaction_id": "pi_1001", "method": "Card" }])
    );
    let order = placed(&service, &without(&paid_cart("1002"), "payment_transaction_id")).await;
    assert_eq!(order["payment_history"][0]["transaction_id"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_order_ignores_whatever_is_said_about_its_payment() {
    let service = shop().await;
    let said = [
        json!({}),
        json!({ "payment_method_id": null, "payment_amount": null, "payment_transaction_id": null }),
        json!({ "payment_method_id": 2, "payment_amount": 5 }),
        json!({ "payment_method_id": 99, "payment_amount": 9.999 }),
        json!({ "payment_method_id": 0, "payment_amount": -1 }),
        json!({ "payment_method_id": "free", "payment_amount": "free", "payment_transaction_id": [] }),
    ];
    for (index, said) in said.into_iter().enumerate() {
        let cart = with(&paid_cart(&index.to_string()), said.clone());
        let order = placed(&service, &with(&cart, json!({ "is_free": true }))).await;
        assert_eq!(
            order["adjustment"],
            json!({ "direction": "discount", "label": "Free order", "amount": 9.99 }),
            "{said}"
        );
        assert_eq!(order["order_total"], 0, "{said}");
        assert_eq!(order["balance_due"], 0, "{said}");
        assert_eq!(order["payment_history"], json!([]), "{said}");
        assert_eq!(order["payment_method"], json!(null), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn booleans_come_as_words_and_digits() {
    let service = shop().await;
    for (index, (value, free)) in [
        (json!(true), true),
        (json!(1), true),
        (json!("1"), true),
        (json!("true"), true),
        (json!(false), false),
        (json!(0), false),
        (json!("0"), false),
        (json!("false"), false),
        (json!(""), false),
        (json!(null), false),
    ]
    .into_iter()
    .enumerate()
    {
        let cart = with(&paid_cart(&index.to_string()), json!({ "is_free": value }));
        let order = placed(&service, &cart).await;
        assert_eq!(order["payment_method"].is_null(), free, "{value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_may_be_strings_or_whole_floats() {
    let service = shop().await;
    let item = |product: Value, qty: Value, line: Value| json!([{ "product_id": product, "intent": "renewal", "qty": qty, "activation_id": line }]);
    for (index, (one, qty, line)) in [
        (json!(1), json!(2), json!(321)),
        (json!("1"), json!("2"), json!("321")),
        (json!(1.0), json!(2.0), json!(321.0)),
    ]
    .into_iter()
    .enumerate()
    {
        let fields = json!({
            "payment_method_id": one, "payment_amount": "19.98", "bouquet_ids": [one], "items": item(one.clone(), qty, line),
        });
        let order = placed(&service, &with(&paid_cart(&index.to_string()), fields)).await;
        let line = &order["cart"][0];
        assert_eq!(
            (&line["product_id"], &line["qty"], &line["activation_id"], &order["payment_method"]["id"]),
            (&json!(1), &json!(2), &json!(321), &json!(1))
        );
        assert_eq!((&order["prev_paid"], &order["adjustment"]), (&json!(19.98), &json!(null)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn null_and_an_empty_string_are_absent() {
    let service = shop().await;
    let optional = [
        "customer_name",
        "customer_phone",
        "customer_address",
        "payment_transaction_id",
        "payment_amount",
        "wc_order_id",
        "is_free",
        "bouquet_ids",
        "categories",
        "notes",
        "source",
        "confirmation_token",
    ];
    let mut bare = paid_cart("1001");
    for field in optional {
        bare = without(&bare, field);
    }
    let bare = with_items(&bare, &[json!({ "product_id": 1, "intent": "new_activation" })]);
    let shown = |order: Value| without(&without(&order, "reference_code"), "updated_at");
    let expected = shown(placed(&service, &bare).await);
    assert_eq!((&expected["source"], &expected["cart"][0]["qty"]), (&json!("api"), &json!(1)));
    assert_eq!(expected["customer_name"], json!(null));
    for value in [json!(null), json!("")] {
        let item = json!({ "product_id": 1, "intent": "new_activation", "qty": value, "activation_id": value });
        let mut cart = with_items(&bare, &[item]);
        for field in optional {
            cart[field] = value.clone();
        }
        assert_eq!(shown(placed(&service, &cart).await), expected, "{value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn escaped_text_a_charset_and_unknown_keys_are_read() {
    let service = shop().await;
    let text = r#"{"customer_email":"john@example.com","payment_method_id":1,"customer_name":"J\u00f6hn \ud83d\ude00",
        "source":"https:\/\/shop.example\/cart","coupon":{"code":[null]},
        "items":[{"product_id":1,"intent":"new_activation","sku":"x"}]}"#;
    for content_type in ["application/json; charset=utf-8", "application/json;charset=UTF-8", "application/json"] {
        let headers = [("X-PANELR-API-KEY", service.key.as_str()), ("Content-Type", content_type)];
        let reply = service.send("POST", "/api/complete_order", &headers, text).await.data();
        let order = service.order(reply["reference_code"].as_str().unwrap(), "john@example.com").await;
        assert_eq!(order["customer_name"], "Jöhn 😀");
        assert_eq!(order["source"], "https://shop.example/cart");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_is_new_activation_if_any_item_is_else_the_first_items() {
    let service = shop().await;
    for (index, (items, kind)) in [
        (vec![new(1, 5)], "new_activation"),
        (vec![renewal(1, 321)], "renewal"),
        (vec![upgrade(1, 45)], "trial_upgrade"),
        (vec![renewal(1, 321), upgrade(1, 45)], "renewal"),
        (vec![upgrade(1, 45), renewal(1, 321)], "trial_upgrade"),
        (vec![renewal(1, 321), upgrade(1, 45), new(1, 2)], "new_activation"),
    ]
    .into_iter()
    .enumerate()
    {
        let cart = with_items(&paid_cart(&index.to_string()), &items);
        let reply = service.post("complete_order", &cart).await.data();
        assert_eq!((&reply["type"], &reply["item_count"]), (&json!(kind), &json!(items.len())));
        let order = service.order(reply["reference_code"].as_str().unwrap(), "john@example.com").await;
        assert_eq!(order["type"], kind);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shops_order_id_stands_on_every_line_as_text() {
    let service = shop().await;
    let cart = with_items(&paid_cart("1001"), &[new(1, 1), renewal(1, 321)]);
    let order = placed(&service, &with(&cart, json!({ "wc_order_id": 1001 }))).await;
    let ids: Vec<&Value> = order["cart"].as_array().unwrap().iter().map(|line| &line["wc_order_id"]).collect();
    assert_eq!(ids, ["1001", "1001"]);
    // As text it is the same order.
    assert_eq!(placed(&service, &cart).await, order);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_takes_equal_or_more_connections_and_a_trial_takes_any() {
    let line = |id: u64, connections: u64, is_trial: bool| {
        json!({ "activation_id": id, "product_id": 1, "customer_email": "jane@example.com", "connections": connections,
                "is_trial": is_trial })
    };
    let more = json!({ "lines": [line(400, 2, false), line(401, 9, true)] });
    let service = TestService::by_hand_with(&TestClock::at("2026-11-23 17:00:00"), more).await;
    let items = [renewal(1, 321), renewal(2, 321), renewal(2, 400), renewal(1, 401), upgrade(1, 401)];
    for (index, item) in items.into_iter().enumerate() {
        let cart = with_items(&paid_cart(&index.to_string()), std::slice::from_ref(&item));
        let order = placed(&service, &cart).await;
        assert_eq!(order["cart"][0]["activation_id"], item["activation_id"]);
    }
    let fewer = with_items(&paid_cart("1001"), &[renewal(1, 400)]);
    assert!(service.post("complete_order", &fewer).await.error(422).contains("fewer connections"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_number_sent_with_a_new_line_says_nothing() {
    let service = shop().await;
    let item = with(&new(1, 1), json!({ "activation_id": 321 }));
    let order = placed(&service, &with_items(&paid_cart("1001"), &[item])).await;
    assert_eq!(order["cart"][0]["activation_id"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn explicit_bouquets_and_categories_reach_the_new_lines() {
    let service = shop().await;
    let fields = json!({ "bouquet_ids": [3, "2", 3], "categories": ["vod", "live"] });
    placed(&service, &with(&paid_cart("1001"), fields)).await;
    service.drain().await;
    let line = service.line(4201).await.expect("the line");
    let line: Value = serde_dynamo::from_item(line).unwrap();
    assert_eq!(line["bouquet_ids"], json!([3, 2]));
    assert_eq!(line["categories"], json!(["vod", "live"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_method_is_referred_to_create_work_order() {
    let service = shop().await;
    let cart = with(&paid_cart("1001"), json!({ "payment_method_id": 2 }));
    assert!(service.post("complete_order", &cart).await.error(422).contains("create_work_order"));
}
