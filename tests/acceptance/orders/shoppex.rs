//! The Shoppex side: completion, reading, lists.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::{
    clock::TestClock,
    service::{Answer, Setup, TestService, paid_cart, with},
};

const FIELDS: [&str; 25] = [
    "id",
    "uniqid",
    "shop_id",
    "customer_id",
    "customer_email",
    "affiliate_link_id",
    "affiliate_customer_id",
    "affiliate_code",
    "affiliate_discount_amount",
    "currency",
    "status",
    "status_details",
    "payment_status",
    "gateway",
    "flow_type",
    "provider_reference",
    "provider_reference_type",
    "subtotal",
    "discount",
    "total",
    "custom_fields",
    "checkout_url",
    "items",
    "created_at",
    "updated_at",
];

async fn pending(service: &TestService, shop_order: &str, status: &str) -> String {
    let cart = with(
        &paid_cart(shop_order),
        json!({ "status": status, "payment_amount": null, "payment_transaction_id": null, "payment_method_id": 1 }),
    );
    service.created(&cart).await["reference_code"].as_str().unwrap().to_owned()
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) -> Value {
    let body = answer.json();
    let error = &body["error"];
    assert_eq!((answer.status, &error["code"]), (status, &json!(code)), "{}", answer.text);
    assert_eq!(error["doc_url"], format!("https://docs.shoppex.io/api/errors#{code}"));
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()));
    error.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_order_is_completed_and_provisioned() {
    let service = TestService::start().await;
    for (index, status) in ["pending", "pending_payment", "payment_submitted"].into_iter().enumerate() {
        let id = pending(&service, &index.to_string(), status).await;
        let answer = service
            .shoppex(
                "POST",
                &format!("/dev/v1/orders/{id}/complete"),
                &[],
                r#"{"note":"Completed by external gateway"}"#,
            )
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = answer.json();
        let order = &body["data"];
        let fields: Vec<&String> = order.as_object().unwrap().keys().collect();
        assert_eq!(fields, FIELDS);
        for (field, value) in [
            ("id", json!(id)),
            ("status", json!("COMPLETED")),
            ("payment_status", json!("COMPLETED")),
            ("status_details", json!("Completed")),
            ("currency", json!("USD")),
            ("customer_email", json!("john@example.com")),
            ("gateway", json!("STRIPE")),
            ("flow_type", json!("API")),
            ("shop_id", json!("demo")),
            ("subtotal", json!(9.99)),
            ("discount", json!(0)),
            ("total", json!(9.99)),
            ("affiliate_discount_amount", json!(0)),
            ("customer_id", json!(null)),
            ("custom_fields", json!({ "customFields": [] })),
            ("checkout_url", json!(null)),
            (
                "items",
                json!([{
                    "product_id": "1", "product_title": "Basic", "product_type": "SERVICE", "variant_title": null,
                    "quantity": 1, "unit_price": 9.99, "total": 9.99,
                }]),
            ),
        ] {
            assert_eq!(order[field], value, "{field}");
        }
        assert!(order["created_at"].is_i64() && order["updated_at"].is_i64());
        let shown = service.becomes(&id, "completed").await;
        assert_eq!(
            (&shown["prev_paid"], &shown["balance_due"]),
            (&json!(9.99), &json!(0)),
            "the balance counts as paid"
        );
        assert!(shown["cart"][0]["linked_username"].is_string());
        assert!(!shown.to_string().contains("external gateway"), "the note is internal");
        let stored = service.stored(&id).await;
        assert!(stored.history().iter().any(|change| change.note.as_deref() == Some("Completed by external gateway")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_id_by_uniqid_encoded_and_by_the_alias() {
    let service = TestService::start().await;
    for (index, path) in ["orders/{id}", "orders/{uniqid}", "invoices/{id}", "orders/{encoded}", "invoices/{twice}"]
        .into_iter()
        .enumerate()
    {
        let id = pending(&service, &index.to_string(), "pending").await;
        let uniqid = service.stored(&id).await.uuid.to_string();
        let path = path
            .replace("{id}", &id)
            .replace("{uniqid}", &uniqid)
            .replace("{encoded}", &id.replace('-', "%2D"))
            .replace("{twice}", &id.replace('-', "%252D"));
        let shown = service.shoppex("GET", &format!("/dev/v1/{path}"), &[], "").await.json();
        assert_eq!((&shown["data"]["id"], &shown["data"]["uniqid"]), (&json!(id), &json!(uniqid)), "{path}");
        assert_eq!((&shown["data"]["status"], &shown["data"]["status_details"]), (&json!("PENDING"), &json!(null)));
        let answer = service.shoppex("POST", &format!("/dev/v1/{path}/complete"), &[], "{}").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_an_empty_object_and_an_empty_array_are_no_options() {
    let service = TestService::start().await;
    for (index, body) in ["", "{}", "[]", " ", "{\"note\":null,\"suppress_emails\":null}"].into_iter().enumerate() {
        let id = pending(&service, &index.to_string(), "pending").await;
        assert_eq!(
            service.shoppex("POST", &format!("/dev/v1/orders/{id}/complete"), &[], body).await.status,
            200,
            "{body}"
        );
    }
    let id = pending(&service, "bad", "pending").await;
    for (body, field) in [
        ("nonsense", "body"),
        ("[1]", "body"),
        ("\"x\"", "body"),
        (r#"{"note":5}"#, "note"),
        (r#"{"suppress_emails":"maybe"}"#, "suppress_emails"),
    ] {
        let answer = service.shoppex("POST", &format!("/dev/v1/orders/{id}/complete"), &[], body).await;
        let error = refused(&answer, 422, "VALIDATION_ERROR");
        assert_eq!(error["details"][0]["field"], field, "{body}");
        assert!(error["details"][0]["message"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_pending_cannot_be_completed() {
    let service = TestService::start().await;
    let id = pending(&service, "1", "pending").await;
    let path = format!("/dev/v1/orders/{id}/complete");
    assert_eq!(service.shoppex("POST", &path, &[], "{}").await.status, 200);
    let again = refused(&service.shoppex("POST", &path, &[], "{}").await, 422, "VALIDATION_ERROR");
    assert!(again["message"].as_str().unwrap().contains("COMPLETED"));
    for (index, status) in ["completed", "canceled", "payment_failed"].into_iter().enumerate() {
        let id = pending(&service, &format!("x{index}"), status).await;
        refused(
            &service.shoppex("POST", &format!("/dev/v1/orders/{id}/complete"), &[], "{}").await,
            422,
            "VALIDATION_ERROR",
        );
    }
    for id in
        ["WO-2026-09999", "WO-1999-00042", "00000000-0000-4000-8000-000000000000", "inv_complete_1", "a%2Fb%20c", "%FF"]
    {
        refused(&service.shoppex("POST", &format!("/dev/v1/orders/{id}/complete"), &[], "{}").await, 404, "NOT_FOUND");
        refused(&service.shoppex("GET", &format!("/dev/v1/orders/{id}"), &[], "").await, 404, "NOT_FOUND");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_belongs_to_one_order_and_body() {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = TestService::with(Setup { clock: Some(clock.clone()), background: false, ..Setup::default() }).await;
    let (id, other) = (pending(&service, "1", "pending").await, pending(&service, "2", "pending").await);
    let path = format!("/dev/v1/orders/{id}/complete");
    let key = [("Idempotency-Key", "complete-1")];
    let note = r#"{"note":"n"}"#;
    let first = service.shoppex("POST", &path, &key, note).await;
    assert_eq!(first.status, 200, "{}", first.text);
    service.drain().await;
    let again = service.shoppex("POST", &path, &key, r#"{ "suppress_emails": false, "note": "n" }"#).await;
    assert_eq!(
        (again.status, again.json()["data"]["status"].clone()),
        (200, json!("COMPLETED")),
        "the order as it is now"
    );
    assert_eq!(service.items_of("line").await.len(), 3, "and nothing is done twice");
    for (path, body) in [
        (path.clone(), r#"{"note":"other"}"#),
        (path.clone(), r#"{"note":"n","suppress_emails":true}"#),
        (format!("/dev/v1/orders/{other}/complete"), note),
    ] {
        let error = refused(&service.shoppex("POST", &path, &key, body).await, 422, "VALIDATION_ERROR");
        assert_eq!(error["details"][0]["field"], "Idempotency-Key", "{path} {body}");
    }
    assert_eq!(service.stored(&other).await.status().as_str(), "pending");
    refused(&service.shoppex("POST", &path, &[("Idempotency-Key", "another")], note).await, 422, "VALIDATION_ERROR");
    clock.advance(25 * 3_600);
    let later = service.shoppex("POST", &format!("/dev/v1/orders/{other}/complete"), &key, note).await;
    assert_eq!(later.status, 200, "a day later the key is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_claim_and_completion_does_not_strand_the_key() {
    use support::faults::Fault;
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = TestService::by_hand(&clock).await;
    let id = pending(&service, "1", "pending").await;
    let path = format!("/dev/v1/orders/{id}/complete");
    let key = [("Idempotency-Key", "k")];
    service.http.plan(|call| if call.name() == "PutItem order" { Fault::Before } else { Fault::None });
    refused(&service.shoppex("POST", &path, &key, "{}").await, 503, "INTERNAL_ERROR");
    service.http.heal();
    assert_eq!(service.shoppex("POST", &path, &key, "{}").await.status, 200);
    service.drain().await;
    assert_eq!(service.stored(&id).await.status().as_str(), "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_copies_under_one_key_are_ten_answers_and_one_completion() {
    let service = Arc::new(TestService::start().await);
    let id = pending(&service, "1", "pending").await;
    let copies = (0..10).map(|_| {
        let (service, path) = (service.clone(), format!("/dev/v1/orders/{id}/complete"));
        tokio::spawn(async move { service.shoppex("POST", &path, &[("Idempotency-Key", "k")], "{}").await.status })
    });
    let statuses: Vec<u16> = join_all(copies).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(statuses, [200; 10]);
    let order = service.becomes(&id, "completed").await;
    assert_eq!(order["payment_history"].as_array().unwrap().len(), 1);
    assert_eq!(service.items_of("line").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn fees_and_discounts_are_shown() {
    let service = TestService::start().await;
    for (shop_order, direction, subtotal, discount, total) in
        [("1", "fee", 9.99, json!(0), 12.49), ("2", "discount", 9.99, json!(2.5), 7.49)]
    {
        let cart = with(
            &paid_cart(shop_order),
            json!({ "status": "pending", "adjustment_direction": direction, "adjustment_amount": 2.5, "payment_amount": 1 }),
        );
        let id = service.created(&cart).await["reference_code"].as_str().unwrap().to_owned();
        let order = service.shoppex("GET", &format!("/dev/v1/orders/{id}"), &[], "").await.json()["data"].clone();
        assert_eq!(
            (&order["subtotal"], &order["discount"], &order["total"]),
            (&json!(subtotal), &discount, &json!(total))
        );
        let reference = json!(format!("pi_{shop_order}"));
        assert_eq!(
            (&order["provider_reference"], &order["provider_reference_type"]),
            (&reference, &json!("TRANSACTION_ID"))
        );
    }
}

async fn list(service: &TestService, query: &str) -> (Vec<String>, Value) {
    let answer = service.shoppex("GET", &format!("/dev/v1/orders?{query}"), &[], "").await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    let body = answer.json();
    let pagination = &body["pagination"];
    assert_eq!(pagination["has_more"], json!(pagination["next_cursor"].is_string()), "{pagination}");
    let ids = body["data"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().to_owned()).collect();
    (ids, pagination["next_cursor"].clone())
}

/// All pages of a list; after the first, `meanwhile` happens.
async fn pages(service: &TestService, query: &str, meanwhile: impl AsyncFn()) -> Vec<String> {
    let (mut all, mut cursor) = list(service, query).await;
    meanwhile().await;
    while let Value::String(text) = &cursor {
        let (ids, next) = list(service, &format!("{query}&cursor={text}")).await;
        all.extend(ids);
        cursor = next;
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_newest_first_and_stable_while_orders_are_added() {
    let service = TestService::start().await;
    let mut made = Vec::new();
    for index in 0..7 {
        made.insert(0, pending(&service, &index.to_string(), "pending").await);
    }
    for limit in [1, 2, 3, 7, 100] {
        let fresh = format!("fresh{limit}");
        let listed = pages(&service, &format!("limit={limit}"), async || {
            pending(&service, &fresh, "pending").await;
        })
        .await;
        assert_eq!(listed, made, "limit {limit}");
        made = pages(&service, "limit=50", async || {}).await;
        assert!(made.len() > listed.len(), "the one that was added leads the next list");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_by_status_and_customer() {
    let service = TestService::start().await;
    let mut all = Vec::new();
    for (index, status) in
        ["pending", "pending_payment", "canceled", "payment_submitted", "completed", "payment_failed"]
            .into_iter()
            .enumerate()
    {
        all.push(pending(&service, &index.to_string(), status).await);
    }
    let jane = with(&paid_cart("jane"), json!({ "customer_email": "Jane+x@example.com", "status": "pending" }));
    let janes = service.created(&jane).await["reference_code"].as_str().unwrap().to_owned();
    let of = |indexes: &[usize]| indexes.iter().map(|index| all[*index].clone()).collect::<Vec<_>>();
    assert_eq!(list(&service, "status=PENDING").await.0, [vec![janes.clone()], of(&[3, 0])].concat());
    assert_eq!(list(&service, "status=PENDING_PAYMENT").await.0, of(&[1]));
    assert_eq!(list(&service, "status=VOIDED").await.0, of(&[5, 2]));
    assert_eq!(list(&service, "status=COMPLETED").await.0, of(&[4]));
    assert_eq!(list(&service, "customerEmail=jane%2BX%40example.com").await.0, std::slice::from_ref(&janes));
    assert_eq!(list(&service, "customerEmail=nobody@example.com").await.0, [""; 0]);
    assert_eq!(list(&service, "customerEmail=john@example.com&status=VOIDED").await.0, of(&[5, 2]));
    for limit in [1, 2, 4] {
        let johns = pages(&service, &format!("customerEmail=john@example.com&limit={limit}"), async || {}).await;
        assert_eq!(johns, of(&[5, 4, 3, 2, 1, 0]), "limit {limit}");
    }
    let answer = service.shoppex("GET", "/dev/v1/invoices?limit=1", &[], "").await;
    assert_eq!(answer.json()["data"][0]["id"], json!(janes), "the alias");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_list_query_names_the_parameter() {
    let service = TestService::start().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("status=DONE", "status"),
        ("cursor=zzz", "cursor"),
        ("cursor=n_1&customerEmail=john@example.com", "cursor"),
        ("customerEmail=john", "customerEmail"),
        ("limit=1&limit=2", "limit"),
    ] {
        let error = refused(
            &service.shoppex("GET", &format!("/dev/v1/orders?{query}"), &[], "").await,
            422,
            "VALIDATION_ERROR",
        );
        assert_eq!(error["details"][0]["field"], field, "{query}");
    }
    assert_eq!(list(&service, "").await, (vec![], Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_scopes_in_the_envelope_of_this_side() {
    let demo: Value = serde_json::from_str(local::start::DEMO).unwrap();
    let keys = json!([
        { "name": "reader", "secret": "may-read-orders-only", "scopes": ["orders.read"] },
        { "name": "writer", "secret": "may-write-orders-only", "scopes": ["orders.write"] },
    ]);
    let service =
        TestService::with(Setup { seed: Some(with(&demo, json!({ "api_keys": keys }))), ..Setup::default() }).await;
    let call = |method: &'static str, target: &'static str, authorization: &'static str| {
        let service = &service;
        async move { service.send(method, target, &[("Authorization", authorization)], "").await }
    };
    let (complete, get) = ("/dev/v1/orders/WO-2026-00042/complete", "/dev/v1/orders/WO-2026-00042");
    for authorization in ["", "Bearer", "Bearer ", "Bearer wrong", "Basic may-read-orders-only", "may-read-orders-only"]
    {
        for (method, target) in [("POST", complete), ("GET", get), ("GET", "/dev/v1/orders")] {
            refused(&call(method, target, authorization).await, 401, "UNAUTHORIZED");
        }
    }
    refused(&call("POST", complete, "Bearer may-read-orders-only").await, 403, "FORBIDDEN");
    refused(&call("GET", get, "Bearer may-write-orders-only").await, 403, "FORBIDDEN");
    refused(&call("GET", "/dev/v1/orders", "Bearer may-write-orders-only").await, 403, "FORBIDDEN");
    refused(&call("GET", get, "bearer may-read-orders-only").await, 404, "NOT_FOUND");
    let wrong = service.shoppex("DELETE", get, &[], "").await;
    refused(&wrong, 405, "METHOD_NOT_ALLOWED");
    assert_eq!(wrong.headers["allow"], "GET");
    refused(&service.shoppex("GET", "/dev/v1/payments/x", &[], "").await, 404, "NOT_FOUND");
}
