//! The catalogue as the plugin syncs it.

use serde_json::{Value, json};
use support::service::{Setup, TestService, with};

#[tokio::test(flavor = "multi_thread")]
async fn products_on_sale_come_in_their_order_with_all_fields() {
    let mut seed: Value = serde_json::from_str(local::start::DEMO).unwrap();
    let products = seed["products"].as_array_mut().unwrap();
    products.push(
        json!({ "id": 9, "name": "Old", "price_decimal": 1, "duration_months": 1, "connections": 1, "active": false }),
    );
    products.push(json!({
        "id": 8, "name": "First", "price_decimal": 12.5, "duration_months": 12, "connections": 3, "sort_order": 1,
        "description": "d", "panel_description": "p", "alternate_name": "a", "features_mode": "custom", "features_list": ["x"],
    }));
    products[0]["sort_order"] = json!(1);
    let service = TestService::with(Setup { seed: Some(seed), ..Setup::default() }).await;
    let listed = service.get("get_products", "").await.data();
    let ids: Vec<u64> = listed.as_array().unwrap().iter().map(|product| product["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [1, 8, 2, 3], "by sort_order, then id; inactive ones are left out");
    assert_eq!(
        listed[1],
        json!({
            "id": 8, "name": "First", "alternate_name": "a", "description": "d", "panel_description": "p",
            "price_decimal": 12.5, "currency": "USD", "duration_months": 12, "connections": 3, "features_mode": "custom",
            "features_list": ["x"], "sort_order": 1, "panel_product_id": "8", "bouquet_ids": [],
        })
    );
    assert_eq!(listed[0]["bouquet_ids"], json!([1, 2]));
    assert_eq!(listed[3]["price_decimal"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn payment_methods_have_all_keys_always() {
    let service = TestService::start().await;
    let methods = service.get("get_payment_methods", "").await.data();
    assert_eq!(
        methods[0],
        json!({
            "id": 1, "name": "stripe", "display_label": "Card", "processor": "stripe", "mode": "automated", "is_automated": true,
            "instructions": null, "config": {}, "adjustment_enabled": false, "adjustment_direction": null,
            "adjustment_mode": null, "adjustment_value": null,
        })
    );
    assert_eq!(
        (&methods[1]["adjustment_direction"], &methods[1]["adjustment_mode"], &methods[1]["adjustment_value"]),
        (&json!("fee"), &json!("percent"), &json!(5.0))
    );
    assert_eq!((&methods[2]["display_label"], &methods[2]["is_automated"]), (&json!("zelle"), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn bouquets_are_listed_by_id() {
    let service = TestService::start().await;
    let bouquets = service.get("get_bouquets", "").await.data();
    assert_eq!(bouquets[1], json!({ "id": 2, "name": "Films", "category": "vod" }));
    assert_eq!(bouquets.as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_catalogue_is_an_empty_array() {
    let keys = json!([{ "name": "shop", "secret": "demo-key-for-this-machine-only" }]);
    let seed = with(&json!({}), json!({ "api_keys": keys }));
    let service = TestService::with(Setup { seed: Some(seed), ..Setup::default() }).await;
    for action in ["get_products", "get_payment_methods", "get_bouquets"] {
        assert_eq!(service.get(action, "").await.data(), json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_catalogue_is_listed_whole() {
    let products: Vec<Value> = (1..=700)
        .map(|id| {
            let description = "x".repeat(4_000);
            json!({ "id": id, "name": "P", "price_decimal": 1, "duration_months": 1, "connections": 1, "description": description })
        })
        .collect();
    let keys = json!([{ "name": "shop", "secret": "demo-key-for-this-machine-only" }]);
    let seed = json!({ "products": products, "api_keys": keys });
    let service = TestService::with(Setup { seed: Some(seed), ..Setup::default() }).await;
    service.http.take_calls();
    assert_eq!(service.get("get_products", "").await.data().as_array().unwrap().len(), 700);
    let queries = service.http.take_calls().iter().filter(|call| call.operation == "Query").count();
    assert!(queries > 1, "more than one page of 1 MB");
}
