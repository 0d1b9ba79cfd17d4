//! A service of a test's own, on a free port, and what a test does with it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use local::{DEMO_KEY, Local, Options};
use serde_json::{Value, json};
pub use shared::aws::dynamodb::layout::Item;
use shared::{
    domain::{reference::ReferenceCode, work_order::WorkOrder},
    outbound::provisioner::HttpProvisioner,
    ports::{Orders, SystemClock},
};

use crate::{clock::TestClock, faults::FaultyHttp, openapi, seed::demo_with};

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub text: String,
    pub headers: BTreeMap<String, String>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// `data` of a success.
    #[track_caller]
    pub fn data(&self) -> Value {
        let body = self.json();
        assert_eq!((self.status, &body["success"], &body["error"]), (200, &json!(true), &Value::Null), "{}", self.text);
        assert!(!body["data"].is_null());
        body["data"].clone()
    }

    /// The sentence of a failure with this status.
    #[track_caller]
    pub fn error(&self, status: u16) -> String {
        let body = self.json();
        assert_eq!(
            (self.status, &body["success"], &body["data"]),
            (status, &json!(false), &Value::Null),
            "{}",
            self.text
        );
        body["error"].as_str().expect("error is a string").to_owned()
    }
}

/// A running service.
pub struct TestService {
    pub local: Local,
    pub http: FaultyHttp,
    pub key: String,
    client: reqwest::Client,
}

/// How a test's service differs from the usual one.
pub struct Setup {
    pub clock: Option<TestClock>,
    pub seed: Option<Value>,
    /// Queue and schedule worked off by themselves?
    pub background: bool,
    pub cache_for: Duration,
    pub key_rate: u32,
    pub slowest_body: Option<Duration>,
    pub provisioner: Option<HttpProvisioner>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            clock: None,
            seed: None,
            background: true,
            cache_for: shared::aws::dynamodb::CACHE_FOR,
            key_rate: 0,
            slowest_body: None,
            provisioner: None,
        }
    }
}

impl TestService {
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// Nothing happens but what the test does, at a time it sets.
    pub async fn by_hand(clock: &TestClock) -> Self {
        Self::with(Setup { clock: Some(clock.clone()), background: false, ..Setup::default() }).await
    }

    /// The same with these entries added to the demo catalogue.
    pub async fn by_hand_with(clock: &TestClock, more: Value) -> Self {
        Self::with(Setup {
            clock: Some(clock.clone()),
            seed: Some(demo_with(more)),
            background: false,
            ..Setup::default()
        })
        .await
    }

    pub async fn with(setup: Setup) -> Self {
        let http = FaultyHttp::default();
        let options = Options {
            port: 0,
            seed: setup.seed.map(|seed| seed.to_string().into_bytes()),
            clock: setup.clock.map_or_else(|| Arc::new(SystemClock) as _, |clock| Arc::new(clock) as _),
            cache_for: setup.cache_for,
            key_rate: setup.key_rate,
            slowest_body: setup.slowest_body.unwrap_or(local::start::SLOWEST_BODY),
            http: Some(http.shared()),
            background: setup.background,
            provisioner: setup.provisioner,
            ..Options::default()
        };
        let local = Local::start(options).await.expect("the service starts");
        Self { local, http, key: DEMO_KEY.to_owned(), client: reqwest::Client::new() }
    }

    /// A request with these headers. Every reply must be as infra/openapi.yaml says.
    pub async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        let url = format!("{}{target}", self.local.url);
        let mut request = self.client.request(method.parse().unwrap(), url).body(body.into());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap_or_default().to_owned())
        };
        // The time and number of an answer are no part of what is compared.
        let headers = response
            .headers()
            .iter()
            .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
            .map(header)
            .collect();
        let answer = Answer { status, headers, text: response.text().await.expect("a body") };
        if let Err(fault) = openapi::check_reply(method, target, &answer) {
            panic!("infra/openapi.yaml says otherwise: {method} {target}: {fault}\n{answer:?}");
        }
        answer
    }

    pub async fn post(&self, action: &str, body: &Value) -> Answer {
        self.post_with(action, &[], body).await
    }

    pub async fn post_with(&self, action: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let mut all = vec![("X-Panelr-API-Key", self.key.as_str()), ("Content-Type", "application/json")];
        all.extend(headers);
        self.send("POST", &format!("/api/{action}"), &all, body.to_string()).await
    }

    pub async fn get(&self, action: &str, query: &str) -> Answer {
        let headers = [("X-Panelr-API-Key", self.key.as_str()), ("Content-Type", "application/json")];
        self.send("GET", &format!("/api/{action}?{query}"), &headers, "").await
    }

    /// A request of the Shoppex side.
    pub async fn shoppex(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        let mut all = vec![("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        all.extend(headers);
        self.send(method, target, &all, body).await
    }

    /// create_work_order; its data.
    pub async fn created(&self, body: &Value) -> Value {
        self.post("create_work_order", body).await.data()
    }

    /// The order with this reference code, as the store has it.
    pub async fn stored(&self, reference: &str) -> WorkOrder {
        let number = reference.parse::<ReferenceCode>().unwrap().number;
        Orders::order_by_number(&self.local.store, number).await.unwrap().expect("the order")
    }

    /// get_work_order by e-mail.
    pub async fn order(&self, reference: &str, email: &str) -> Value {
        self.get("get_work_order", &format!("ref={reference}&email={email}")).await.data()
    }

    /// Waits until an order has this status for customers.
    #[track_caller]
    pub fn becomes(&self, reference: &str, status: &str) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            let mut order = Value::Null;
            for _ in 0..100 {
                order = self.order(reference, "john@example.com").await;
                if order["status"] == status {
                    return order;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("{place}: {reference} is not {status} after 2 seconds: {order}");
        }
    }

    /// Every item of the table, without the number counter.
    pub async fn items(&self) -> BTreeMap<String, Item> {
        let client = self.local.aws.dynamodb();
        let pages = client.scan().table_name(local::store::TABLE).into_paginator().items().send();
        let items = pages.collect::<Result<Vec<_>, _>>().await.expect("a scan");
        let key = |item: &Item| text(item, "pk") + "/" + &text(item, "sk");
        items.into_iter().map(|item| (key(&item), item)).filter(|(key, _)| !key.starts_with("sequence")).collect()
    }

    /// Items whose key begins like this.
    pub async fn items_of(&self, kind: &str) -> Vec<Item> {
        let prefix = format!("{kind}#");
        self.items().await.into_iter().filter(|(key, _)| key.starts_with(&prefix)).map(|(_, item)| item).collect()
    }

    /// The line with this number.
    pub async fn line(&self, id: u64) -> Option<Item> {
        self.items().await.remove(&format!("line#{id}/line"))
    }

    /// Changes an attribute of an item behind the service's back.
    pub async fn set(&self, pk: &str, sk: &str, name: &str, value: AttributeValue) {
        let client = self.local.aws.dynamodb();
        let call = client.update_item().table_name(local::store::TABLE).update_expression("SET #n = :v");
        let call = call.key("pk", AttributeValue::S(pk.to_owned())).key("sk", AttributeValue::S(sk.to_owned()));
        call.expression_attribute_names("#n", name)
            .expression_attribute_values(":v", value)
            .send()
            .await
            .expect("an update");
    }

    /// Messages sent to the provisioning queue since the last time.
    pub fn messages_sent(&self) -> usize {
        let calls = self.http.take_calls();
        calls.iter().filter(|call| call.operation == "SendMessage").count()
    }

    /// Messages of a queue that can be received now.
    pub async fn receive(&self, url: &str) -> Vec<Message> {
        let call = self.local.aws.sqs().receive_message().queue_url(url).max_number_of_messages(10);
        let call = call.message_system_attribute_names(MessageSystemAttributeName::All);
        call.send().await.expect("a receive").messages.unwrap_or_default()
    }

    /// Works the table's stream off.
    pub async fn publish(&self) {
        while self.local.stream.step().await != local::stream::Step::Idle {}
    }

    /// Delivers the events that are queued, each once, whatever its endpoint answers.
    pub async fn deliver_events(&self) {
        loop {
            let messages = self.receive(&self.local.events_url).await;
            if messages.is_empty() {
                return;
            }
            self.local.event_poller().deliver(messages).await;
        }
    }

    /// Works the queue off as its consumers would, without waiting for back-offs. Ends when the queue is empty, or after
    /// more deliveries than a message gets.
    pub async fn drain(&self) {
        for _ in 0..12 {
            let messages = self.receive(&self.local.queue_url).await;
            if messages.is_empty() {
                return;
            }
            self.local.poller().deliver(messages.clone()).await;
            for message in messages {
                let call = self.local.aws.sqs().change_message_visibility().queue_url(&self.local.queue_url);
                let call = call.receipt_handle(message.receipt_handle.unwrap()).visibility_timeout(0);
                // One that was deleted is done.
                let _done = call.send().await;
            }
        }
    }
}

/// A text attribute.
pub fn text(item: &Item, name: &str) -> String {
    item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
}

/// A paid cart of one new line of product 1.
pub fn paid_cart(wc_order_id: &str) -> Value {
    json!({
        "customer_email": "john@example.com",
        "payment_method_id": 1,
        "payment_transaction_id": format!("pi_{wc_order_id}"),
        "payment_amount": 9.99,
        "wc_order_id": wc_order_id,
        "items": [{ "product_id": 1, "intent": "new_activation", "qty": 1 }],
    })
}

/// `body` with these fields set; a field set to null is sent as null.
pub fn with(body: &Value, fields: Value) -> Value {
    let mut body = body.clone();
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    body.as_object_mut().unwrap().extend(fields);
    body
}

/// `body` with these items.
pub fn with_items(body: &Value, items: &[Value]) -> Value {
    with(body, json!({ "items": items }))
}

/// `body` without this field.
pub fn without(body: &Value, field: &str) -> Value {
    let mut body = body.clone();
    body.as_object_mut().unwrap().shift_remove(field);
    body
}
