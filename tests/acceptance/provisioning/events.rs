//! Outgoing events: what endpoints are told, that nothing is lost, and that nobody waits for an endpoint.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use local::stream::Step;
use serde_json::{Value, json};
use shared::{
    domain::{event::EventKind, webhook::WebhookEndpoint},
    ports::{WebhookDelivery, WebhookEndpoints},
    use_case::operator,
};
use support::{
    clock::TestClock,
    faults::{Call, Fault},
    openapi,
    receiver::{Answer, Receiver, Told},
    service::{Setup, TestService, paid_cart, text, with},
};

mod delivering;
mod publishing;

async fn by_hand() -> (TestClock, TestService) {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = TestService::by_hand(&clock).await;
    (clock, service)
}

async fn add(service: &TestService, endpoint: &WebhookEndpoint) {
    service.local.store.add_endpoint(endpoint).await.unwrap();
}

/// Checks a signature with the library of the Standard Webhooks project, at the machine's time.
fn verify(told: &Told, endpoint: &WebhookEndpoint) {
    let webhook = standardwebhooks::Webhook::new(&endpoint.secret.0).unwrap();
    webhook.verify(&told.body, &told.headers).unwrap();
}

fn kinds(receiver: &Receiver) -> BTreeSet<String> {
    receiver.events().values().map(|(told, _)| told.kind()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orders_life_is_told_signed() {
    let service = TestService::start().await;
    let receiver = Receiver::start("all", &[], Answer::Status(204)).await;
    add(&service, &receiver.endpoint).await;
    let cart = json!({ "status": "pending_payment", "payment_method_id": 2, "customer_name": "John Example" });
    let created = service.created(&with(&paid_cart("1001"), cart)).await;
    let (reference, token) = (created["reference_code"].as_str().unwrap(), &created["confirmation_token"]);
    let paid = json!({ "confirmation_token": token, "payment_transaction_id": "V1", "customer_note": "a note" });
    service.post("submit_payment", &paid).await.data();
    receiver.has(1).await;
    service
        .post("complete_order", &json!({ "confirmation_token": token, "payment_transaction_id": "pi" }))
        .await
        .data();
    service.becomes(reference, "completed").await;
    receiver.has(3).await;

    let stored = service.stored(reference).await;
    let told: Vec<Told> = receiver.events().into_values().map(|(told, _)| told).collect();
    let seen: Vec<(String, Value, Value)> = told
        .iter()
        .map(|told| {
            (told.kind(), told.json()["data"]["previous_status"].clone(), told.json()["data"]["status"].clone())
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("payment.submitted".to_owned(), json!("pending_payment"), json!("payment_submitted")),
            ("order.queued".to_owned(), json!("payment_submitted"), json!("queued")),
            ("order.completed".to_owned(), json!("queued"), json!("completed")),
        ],
        "ids count the order's writes"
    );
    let private = [token.as_str().unwrap(), "john@", "John Example", "a note", "V1", "pi_1001", "line"];
    for told in &told {
        verify(told, &receiver.endpoint);
        let body = told.json();
        openapi::check_event(&body).unwrap_or_else(|fault| panic!("infra/openapi.yaml says otherwise: {fault}"));
        assert_eq!(body["data"]["reference_code"], reference);
        assert_eq!(body["data"]["work_order_id"], created["work_order_id"]);
        assert_eq!((&body["data"]["total"], &body["data"]["currency"]), (&json!(10.49), &json!("USD")));
        assert!(told.id().starts_with(&format!("evt_{}_", stored.uuid.simple())), "{}", told.id());
        let text = String::from_utf8(told.body.clone()).unwrap();
        assert!(private.iter().all(|value| !text.contains(value)), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_told_what_it_wants() {
    let (_, service) = by_hand().await;
    let failed =
        Receiver::start("failed", &[EventKind::OrderFailed, EventKind::OrderCanceled], Answer::Status(200)).await;
    let all = Receiver::start("all", &[], Answer::Status(200)).await;
    let mut off = Receiver::start("off", &[], Answer::Status(200)).await;
    off.endpoint.disabled = true;
    for receiver in [&failed, &all, &off] {
        add(&service, &receiver.endpoint).await;
    }
    // Its line is gone when it is to be renewed: the order fails, and an operator calls it off.
    let renewal = json!([{ "product_id": 1, "intent": "renewal", "activation_id": 321 }]);
    let reply = service.post("complete_order", &with(&paid_cart("1001"), json!({ "items": renewal }))).await.data();
    let line = service.local.aws.dynamodb().delete_item().table_name(local::store::TABLE);
    let key = |text: &str| AttributeValue::S(text.into());
    line.key("pk", key("line#321")).key("sk", key("line")).send().await.unwrap();
    service.drain().await;
    let order = service.stored(reply["reference_code"].as_str().unwrap()).await;
    operator::cancel(service.local.functions.context(), "jane", order, "refunded").await.unwrap();
    service.publish().await;
    service.deliver_events().await;
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(kinds(&failed), names(&["order.failed", "order.canceled"]));
    assert_eq!(kinds(&all), names(&["order.queued", "order.failed", "order.canceled"]));
    assert!(off.told().is_empty());
    let ids = |receiver: &Receiver| receiver.events().into_keys().collect::<BTreeSet<_>>();
    assert!(ids(&failed).is_subset(&ids(&all)), "an event has one id, whoever is told");
}

/// The messages of a queue, without taking them.
async fn peek(service: &TestService, url: &str) -> Vec<String> {
    let call = service.local.aws.sqs().receive_message().queue_url(url).max_number_of_messages(10);
    let messages = call.visibility_timeout(0).send().await.unwrap().messages.unwrap_or_default();
    messages.into_iter().filter_map(|message| message.body).collect()
}

fn outgoing(body: &str) -> WebhookDelivery {
    serde_json::from_str(body).unwrap()
}
