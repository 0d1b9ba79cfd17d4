//! API keys: stored as hashes, revoked within a minute, limited by scopes.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use support::{
    clock::TestClock,
    service::{Setup, TestService, paid_cart, text, with},
};

const UNAUTHORIZED: &str = r#"{"success":false,"data":null,"error":"Invalid or missing API key."}"#;

#[tokio::test(flavor = "multi_thread")]
async fn only_the_hash_of_a_key_is_stored() {
    let service = TestService::start().await;
    let key = service.items_of("key").await.remove(0);
    let hash = "key#".to_owned() + shared::domain::api_key::KeyHash::of(&service.key).as_str();
    assert_eq!(text(&key, "pk"), hash);
    assert!(!format!("{key:?}").contains(&service.key));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_within_a_minute() {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = TestService::with(Setup { clock: Some(clock.clone()), ..Setup::default() }).await;
    service.post("complete_order", &paid_cart("1")).await.data();
    let pk = text(&service.items_of("key").await[0], "pk");
    service.set(&pk, "key", "revoked_at", AttributeValue::S("2026-11-23T12:00:00Z".into())).await;
    clock.advance(60);
    let answer = service.post("complete_order", &paid_cart("2")).await;
    assert_eq!((answer.status, answer.text.as_str()), (401, UNAUTHORIZED));
    clock.advance(-3_600);
    let answer = service.post("complete_order", &paid_cart("2")).await;
    assert_eq!(answer.status, 200, "a revocation dated ahead holds from its date");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_its_scopes_say() {
    let seed: Value = serde_json::from_str(local::start::DEMO).unwrap();
    let keys = json!([
        { "name": "reader", "secret": "may-read-orders-only", "scopes": ["orders.read"] },
        { "name": "writer", "secret": "may-write-orders-only", "scopes": ["orders.write", "catalogue.read"] },
        { "name": "nothing", "secret": "may-do-nothing-at-all", "scopes": [] },
    ]);
    let mut service =
        TestService::with(Setup { seed: Some(with(&seed, json!({ "api_keys": keys }))), ..Setup::default() }).await;
    for (key, write, read) in
        [("may-read-orders-only", 403, 404), ("may-write-orders-only", 200, 403), ("may-do-nothing-at-all", 403, 403)]
    {
        key.clone_into(&mut service.key);
        assert_eq!(service.post("complete_order", &paid_cart("1")).await.status, write, "{key}");
        let answer = service.get("get_work_order", "ref=WO-2026-09999&email=john@example.com").await;
        assert_eq!(answer.status, read, "{key}");
        if read == 403 {
            assert!(answer.error(403).contains("orders.read"));
        }
    }
}

/// Every route and the one scope that opens it.
const SCOPES: [(&str, &str, &str); 16] = [
    ("POST", "/api/complete_order", "orders.write"),
    ("POST", "/api/create_work_order", "orders.write"),
    ("GET", "/api/get_work_order", "orders.read"),
    ("POST", "/api/submit_payment", "orders.write"),
    ("GET", "/api/get_products", "catalogue.read"),
    ("GET", "/api/get_payment_methods", "catalogue.read"),
    ("GET", "/api/get_bouquets", "catalogue.read"),
    ("POST", "/api/send_payment_instructions", "orders.write"),
    ("POST", "/api/create_activation", "orders.write"),
    ("POST", "/api/create_renewal", "orders.write"),
    ("POST", "/dev/v1/orders/{id}/complete", "orders.write"),
    ("POST", "/dev/v1/invoices/{id}/complete", "orders.write"),
    ("GET", "/dev/v1/orders/{id}", "orders.read"),
    ("GET", "/dev/v1/invoices/{id}", "orders.read"),
    ("GET", "/dev/v1/orders", "orders.read"),
    ("GET", "/dev/v1/invoices", "orders.read"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_opened_by_its_scope_and_by_no_other() {
    let routes = local::template::Template::read().unwrap().routes;
    let mut routes: Vec<_> = routes.into_iter().map(|route| (route.method, route.path)).collect();
    let mut known: Vec<_> = SCOPES.map(|(method, path, _)| (method.to_owned(), path.to_owned())).into();
    routes.sort();
    known.sort();
    assert_eq!(known, routes, "a route without a scope in this test");

    let all = ["orders.write", "orders.read", "catalogue.read"];
    let key = |name: &str, scopes: Vec<&str>| json!({ "name": "demo", "secret": name, "scopes": scopes });
    let only = |scope: &str| format!("has-{scope}-and-nothing-else");
    let lacks = |scope: &str| format!("has-all-scopes-but-{scope}");
    let mut keys = Vec::new();
    for scope in all {
        keys.push(key(&only(scope), vec![scope]));
        keys.push(key(&lacks(scope), all.into_iter().filter(|other| *other != scope).collect()));
    }
    let mut service = TestService::with(Setup {
        seed: Some(support::seed::demo_with(json!({ "api_keys": keys }))),
        background: false,
        ..Setup::default()
    })
    .await;
    only("orders.write").clone_into(&mut service.key);
    let waiting = with(&paid_cart("1"), json!({ "status": "pending_payment", "payment_method_id": 2 }));
    let order = service.post("create_work_order", &waiting).await.data();
    let reference = order["reference_code"].as_str().unwrap();
    let token = order["confirmation_token"].as_str().unwrap();
    let item = json!({ "product_id": 1, "intent": "new_activation" });
    for (method, path, scope) in SCOPES {
        let mut target = path.replace("{id}", reference);
        if path == "/api/get_work_order" {
            target = format!("{target}?ref={reference}&token={token}");
        }
        let body = with(
            &json!({ "customer_email": "john@example.com", "payment_method_id": 1, "items": [item] }),
            json!({ "confirmation_token": token, "reference_code": reference, "product_id": 1, "activation_id": 321 }),
        );
        let body = if method == "GET" || path.starts_with("/dev/") { String::new() } else { body.to_string() };
        let send = async |key: &str| {
            let bearer = format!("Bearer {key}");
            let headers = if path.starts_with("/dev/") {
                [("Authorization", bearer.as_str())]
            } else {
                [("X-Panelr-API-Key", key)]
            };
            service.send(method, &target, &headers, body.clone()).await
        };
        let before = service.items().await;
        let refused = send(&lacks(scope)).await;
        assert_eq!(refused.status, 403, "{method} {path}: {}", refused.text);
        assert!(refused.text.contains(&format!("This API key does not have the scope {scope}.")), "{}", refused.text);
        assert_eq!(service.items().await, before, "{method} {path}");
        let opened = send(&only(scope)).await;
        assert!(![401, 403, 404, 405].contains(&opened.status), "{method} {path}: {} {}", opened.status, opened.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_not_having_a_key_is_the_same_answer() {
    let service = TestService::start().await;
    let key = service.key.clone();
    let upper = key.to_uppercase();
    let twice = [("X-Panelr-API-Key", key.as_str()), ("X-Panelr-API-Key", key.as_str())];
    let bearer = format!("Bearer {key}");
    for headers in [
        &[][..],
        &[("X-Panelr-API-Key", "")],
        &[("X-Panelr-API-Key", "wrong")],
        &[("X-Panelr-API-Key", upper.as_str())],
        &[("Authorization", bearer.as_str())],
        &twice,
    ] {
        for (method, target) in
            [("POST", "/api/complete_order"), ("GET", "/api/get_work_order?ref=x"), ("POST", "/api/create_work_order")]
        {
            let answer = service.send(method, target, headers, "not even JSON").await;
            assert_eq!((answer.status, answer.text.as_str()), (401, UNAUTHORIZED), "{headers:?}");
        }
    }
    let answer =
        service.send("POST", "/api/complete_order", &[("x-pAnElR-aPi-KeY", &key)], paid_cart("1").to_string()).await;
    assert_eq!(answer.status, 200, "a header's name has no case");
}
