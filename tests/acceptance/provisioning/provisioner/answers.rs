//! The whole way: an order over HTTP, provisioning, a provisioner behind a socket, and what customers see.

use serde_json::{Value, json};
use shared::use_case::operator;
use support::{
    provisioner::{Manner, ProvisionerServer},
    service::{Setup, TestService, paid_cart, text, with},
};

/// infra/provisioner.schema.json.
fn schema() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(include_str!("../../../../infra/provisioner.schema.json")).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

#[test]
fn the_example_of_the_document_is_as_the_schema_says() {
    let document = include_str!("../../../../infra/docs/provisioner.md");
    let example = document.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let example: Value = serde_json::from_str(example).unwrap();
    assert!(
        schema().is_valid(&example),
        "{:?}",
        schema().iter_errors(&example).map(|fault| fault.to_string()).collect::<Vec<_>>()
    );
    let mut other = example.clone();
    other["effect"] = json!("explode");
    assert!(!schema().is_valid(&other));
    let read: example_provisioner::Message = serde_json::from_value(example).unwrap();
    assert_eq!((read.effect, read.line.id), (example_provisioner::Effect::Create, 4201), "and the example reads it");
}

async fn service(server: &ProvisionerServer) -> TestService {
    TestService::with(Setup { provisioner: Some(server.provisioner()), background: false, ..Setup::default() }).await
}

async fn complete(service: &TestService, cart: &Value) -> String {
    service.post("complete_order", cart).await.data()["reference_code"].as_str().unwrap().to_owned()
}

/// The messages, by what they do.
fn messages(server: &ProvisionerServer) -> Vec<Value> {
    let bodies = server.bodies();
    let mut messages: Vec<Value> = bodies
        .into_iter()
        .map(|(id, bodies)| {
            assert_eq!(bodies.len(), 1);
            let body: Value = serde_json::from_slice(bodies.first().unwrap()).unwrap();
            assert_eq!(body["id"], id);
            body
        })
        .collect();
    messages.sort_by_key(|message| message["line"]["id"].as_u64());
    messages
}

#[tokio::test(flavor = "multi_thread")]
async fn every_effect_is_told_as_the_schema_says() {
    let server = ProvisionerServer::good().await;
    let service = service(&server).await;
    let items = json!([
        { "product_id": 2, "intent": "new_activation", "qty": 1 },
        { "product_id": 1, "intent": "renewal", "activation_id": 321, "qty": 2 },
        { "product_id": 2, "intent": "trial_upgrade", "activation_id": 45 },
    ]);
    let cart = with(&paid_cart("1001"), json!({ "payment_amount": 76.47, "customer_name": "John", "items": items }));
    let reference = complete(&service, &cart).await;
    service.drain().await;
    let order = service.order(&reference, "john@example.com").await;
    assert_eq!(order["status"], "completed");
    let names: Vec<_> = order["cart"].as_array().unwrap().iter().map(|line| line["linked_username"].clone()).collect();
    assert_eq!(names, ["tv-line4201", "tv-line321", "tv-line45"], "the provisioner's names");
    let messages = messages(&server);
    let schema = schema();
    for message in &messages {
        let faults: Vec<String> =
            schema.iter_errors(message).map(|fault| format!("{} {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{faults:?}\n{message:#}");
    }
    let effects: Vec<_> = messages.iter().map(|message| message["effect"].as_str().unwrap()).collect();
    assert_eq!(effects, ["upgrade", "renew", "create"]);
    let stored = service.line(4201).await.unwrap();
    let create = &messages[2];
    assert_eq!(create["line"]["password"], text(&stored, "password"));
    assert_eq!(create["product"]["panel_product_id"], "102");
    assert_eq!(create["order"]["reference_code"], reference);
    assert_eq!(create["customer"], json!({ "email": "john@example.com", "name": "John" }));
    let until = text(&stored, "expires_at");
    assert_eq!(create["expires_at"].as_str(), Some(format!("{}Z", &until[..19]).as_str()), "to the second");
    assert!(messages[..2].iter().all(|message| message["line"].get("password").is_none()), "said once");
    assert_eq!(messages[1]["qty"], 2);
    assert_eq!(stored["panel"].as_m().unwrap()["external_id"].as_s().unwrap(), "panel-4201");
    // The Shoppex side shows it as it does without a provisioner.
    let shown = service.shoppex("GET", &format!("/dev/v1/orders/{reference}"), &[], "").await.json();
    assert_eq!(shown["data"]["status"], "COMPLETED");
}

#[tokio::test(flavor = "multi_thread")]
async fn until_the_provisioner_has_it_a_line_is_shown_to_nobody() {
    let server = ProvisionerServer::start(|_| Manner::DoesAndFails(503)).await;
    let service = service(&server).await;
    let reference = complete(&service, &paid_cart("1001")).await;
    let batch = service.receive(&service.local.queue_url).await;
    service.local.poller().deliver(batch).await;
    assert_eq!(server.calls(), 1);
    let order = service.order(&reference, "john@example.com").await;
    assert_eq!((&order["status"], &order["cart"][0]["linked_username"]), (&json!("awaiting_webhook"), &Value::Null));
    assert_eq!(text(&service.line(4201).await.unwrap(), "status"), "reserved");
    // Nobody can renew what is not there, on either way.
    let renewal = json!({ "activation_id": 4201, "product_id": 1, "payment_method_id": 1 });
    let sentence = service.post("create_renewal", &renewal).await.error(422);
    assert_eq!(sentence, "`activation_id` names no line: there is none with id 4201.");
    let items = json!([{ "product_id": 1, "intent": "renewal", "activation_id": 4201 }]);
    let cart = with(&paid_cart("1002"), json!({ "items": items }));
    assert!(service.post("complete_order", &cart).await.error(422).contains("names no line"));
    server.plan(|_| Manner::Well);
    service.drain().await;
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    service.drain().await;
    let order = service.order(&reference, "john@example.com").await;
    assert_eq!((&order["status"], &order["cart"][0]["linked_username"]), (&json!("completed"), &json!("tv-line4201")));
    assert_eq!(messages(&server).len(), 1, "the same message again");
    assert_eq!(service.post("create_renewal", &renewal).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_the_operators_and_its_retry_completes_the_order() {
    let server = ProvisionerServer::start(|_| Manner::Refuses).await;
    let service = service(&server).await;
    let reference = complete(&service, &paid_cart("1001")).await;
    service.drain().await;
    let order = service.stored(&reference).await;
    assert_eq!(order.failure.as_deref(), Some("line 4201: the provisioner refused to create it: 422 limit_reached"));
    assert_eq!(service.order(&reference, "john@example.com").await["status"], "pending");
    assert_eq!(server.calls(), 1);
    server.plan(|_| Manner::Well);
    operator::retry(service.local.functions.context(), "jane", order).await.unwrap();
    service.drain().await;
    assert_eq!(service.order(&reference, "john@example.com").await["status"], "completed");
    assert_eq!(messages(&server).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canceled_orders_lines_are_switched_off_at_the_provisioner() {
    let server = ProvisionerServer::start(|_| Manner::DoesAndFails(500)).await;
    let service = service(&server).await;
    let reference = complete(&service, &paid_cart("1001")).await;
    service.drain().await;
    // Its ten deliveries are spent sooner than back-offs allow: the sweep would have given it up in time.
    let worker = service.local.functions.context();
    let order = service.stored(&reference).await;
    shared::use_case::provisioning::provision_order::give_up(worker, (&order).into(), "for the test").await.unwrap();
    assert!(server.line(4201).unwrap().active);
    server.plan(|_| Manner::Well);
    operator::cancel(worker, "jane", service.stored(&reference).await, "asked to").await.unwrap();
    service.drain().await;
    assert!(!server.line(4201).unwrap().active);
    let messages = messages(&server);
    assert_eq!(messages.iter().map(|message| message["effect"].as_str().unwrap()).collect::<Vec<_>>().len(), 2);
    let suspend = messages.iter().find(|message| message["effect"] == "suspend").unwrap();
    assert!(schema().is_valid(suspend), "{suspend:#}");
    assert_eq!((&suspend["product"], &suspend["line"]["status"]), (&Value::Null, &json!("suspended")));
    assert_eq!(text(&service.line(4201).await.unwrap(), "status"), "suspended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provisioner_costs_one_write_an_effect_more() {
    let server = ProvisionerServer::good().await;
    let service = service(&server).await;
    for number in 0..10 {
        complete(&service, &paid_cart(&number.to_string())).await;
    }
    let batch = service.receive(&service.local.queue_url).await;
    service.http.take_calls();
    service.local.poller().deliver(batch).await;
    let calls = service.http.take_calls();
    assert_eq!(calls.iter().filter(|call| call.name() == "PutItem line").count(), 20, "reserved, and marked");
    assert_eq!((calls.len(), server.calls()), (31, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provisioner_a_line_keeps_nothing_of_one() {
    let service = TestService::with(Setup { background: false, ..Setup::default() }).await;
    complete(&service, &paid_cart("1001")).await;
    service.drain().await;
    let line = service.line(4201).await.unwrap();
    assert_eq!(text(&line, "status"), "active");
    assert!(!line.contains_key("panel"));
}
