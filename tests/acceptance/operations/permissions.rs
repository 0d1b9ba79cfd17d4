//! Each function's policy in template.yaml allows what the function does and nothing more: every function is run through
//! its behaviour, and the AWS calls that it made are held against its policy.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;
use shared::ports::WebhookEndpoints;
use support::{
    clock::TestClock,
    faults::{Call, Fault},
    receiver::{Answer, Receiver},
    service::{Setup, TestService, paid_cart, with},
};

/// `dynamodb:Query Table/index/open`
type Actions = BTreeSet<String>;

/// What the event source mapping does in the consumer's name:
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
const BY_THE_MAPPING: [&str; 3] = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];

/// The same for the stream: <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html>
const BY_THE_STREAMS_MAPPING: [&str; 4] =
    ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"];

fn action(call: &Call) -> String {
    let queue = match call.target.rsplit('/').next() {
        Some("work-orders") => "Queues.Outputs.ProvisionArn",
        Some("work-orders-events") => "Queues.Outputs.EventsArn",
        Some("work-orders-unpublished") => "Queues.Outputs.UnpublishedArn",
        _ => "",
    };
    match (&call.index, queue) {
        (Some(index), _) => format!("dynamodb:{} Table/index/{index}", call.operation),
        (None, "") => format!("dynamodb:{} Table", call.operation),
        // A batch needs no permission of its own.
        (None, queue) => format!("sqs:{} {queue}", call.operation.trim_end_matches("Batch")),
    }
}

/// The actions in the policies of each function of the template.
fn allowed() -> BTreeMap<String, Actions> {
    let template: Yaml = serde_yaml_ng::from_str(local::template::TEXT).unwrap();
    let functions = template["Resources"].as_mapping().unwrap().values();
    functions
        .filter(|resource| resource["Type"] == "AWS::Serverless::Function")
        .map(|function| {
            let name = function["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap().to_owned();
            let policies = function["Properties"]["Policies"].as_sequence().cloned().unwrap_or_default();
            let statements = policies.iter().flat_map(|policy| policy["Statement"].as_sequence().unwrap().clone());
            (name, statements.flat_map(|statement| expand(&statement)).collect())
        })
        .collect()
}

fn expand(statement: &Yaml) -> Vec<String> {
    assert_eq!(statement["Effect"], "Allow");
    let texts = |value: &Yaml| match value {
        Yaml::Sequence(values) => values.clone(),
        one => vec![one.clone()],
    };
    let resources = texts(&statement["Resource"]);
    let actions = texts(&statement["Action"]);
    let pair = |action: &Yaml, resource: &Yaml| {
        let resource = match resource {
            Yaml::Tagged(tagged) => tagged.value.as_str().unwrap().to_owned(),
            other => other.as_str().unwrap().to_owned(),
        };
        // `!GetAtt Table.Arn`, `!Sub "${Table.Arn}/index/open"`, `!GetAtt Queues.Outputs.EventsArn`.
        let resource = resource.replace("${", "").replace('}', "").replacen("Table.Arn", "Table", 1);
        format!("{} {resource}", action.as_str().unwrap())
    };
    actions
        .iter()
        .flat_map(|action| resources.iter().map(|resource| pair(action, resource)).collect::<Vec<_>>())
        .collect()
}

struct Recorder {
    clock: TestClock,
    service: TestService,
    used: BTreeMap<&'static str, Actions>,
}

impl Recorder {
    /// Adds the calls since the last time to those of `function`.
    fn note(&mut self, function: &'static str) {
        let calls = self.service.http.take_calls();
        self.used.entry(function).or_default().extend(calls.iter().map(action));
    }

    async fn post(&mut self, function: &'static str, body: &Value) -> Value {
        let answer = self.service.post(function, body).await;
        self.note(function);
        answer.json()["data"].clone()
    }

    async fn post_with_key(&mut self, function: &'static str, key: &str, body: &Value) {
        self.service.post_with(function, &[("Idempotency-Key", key)], body).await;
        self.note(function);
    }

    async fn get(&mut self, function: &'static str, query: &str) {
        self.service.get(function, query).await;
        self.note(function);
    }

    async fn shoppex(&mut self, function: &'static str, method: &str, path: &str, key: Option<&str>) {
        let headers: Vec<(&str, &str)> = key.map(|key| ("Idempotency-Key", key)).into_iter().collect();
        self.service.shoppex(method, &format!("/dev/v1/{path}"), &headers, "").await;
        self.note(function);
    }

    /// Delivers what is queued.
    async fn deliver(&mut self) {
        let messages = self.service.receive(&self.service.local.queue_url).await;
        self.service.local.poller().deliver(messages).await;
        self.note("provision");
    }

    /// Publishes what is in the table's stream, and delivers it.
    async fn events(&mut self) {
        self.service.publish().await;
        self.note("publish_events");
        self.service.deliver_events().await;
        self.note("deliver_events");
    }

    async fn sweep(&mut self) {
        self.clock.advance(100);
        self.service.local.functions.sweep().await.unwrap();
        self.note("sweep");
    }
}

/// One endpoint that takes what it is told, one that does not, and an order that cannot be read.
async fn events(recorder: &mut Recorder) {
    let well = Receiver::start("well", &[], Answer::Status(200)).await;
    let ill = Receiver::start("ill", &[], Answer::Status(500)).await;
    for receiver in [&well, &ill] {
        recorder.service.local.store.add_endpoint(&receiver.endpoint).await.unwrap();
    }
    recorder.post("complete_order", &paid_cart("9")).await;
    let order = recorder.service.items_of("order").await.remove(0);
    let pk = support::service::text(&order, "pk");
    recorder.service.set(&pk, "order", "cart", aws_sdk_dynamodb::types::AttributeValue::S("no cart".into())).await;
    recorder.service.http.take_calls();
    recorder.events().await;
}

async fn panelr(recorder: &mut Recorder) -> (String, String) {
    let cart = paid_cart("1");
    recorder.post("complete_order", &cart).await;
    recorder.post_with_key("complete_order", "k1", &with(&cart, json!({ "wc_order_id": "2" }))).await;
    recorder.post("complete_order", &cart).await;
    recorder.post("complete_order", &with(&cart, json!({ "payment_method_id": 99 }))).await;
    recorder.deliver().await;
    let waiting = with(&paid_cart("3"), json!({ "status": "pending_payment", "payment_method_id": 2 }));
    let created = recorder.post("create_work_order", &waiting).await;
    recorder.post("create_work_order", &with(&waiting, json!({ "payment_method_id": 99 }))).await;
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    let (reference, token) = (text("reference_code"), text("confirmation_token"));
    recorder.get("get_work_order", &format!("ref={reference}&token={token}")).await;
    recorder.get("get_work_order", &format!("ref={reference}&email=john@example.com")).await;
    let asked = json!({ "work_order_id": created["work_order_id"], "confirm_url": "https://store.example/" });
    recorder.post("send_payment_instructions", &asked).await;
    recorder.post("submit_payment", &json!({ "confirmation_token": token, "amount": 1 })).await;
    recorder.post_with_key("complete_order", "k2", &json!({ "confirmation_token": token })).await;
    for action in ["get_products", "get_payment_methods", "get_bouquets"] {
        recorder.get(action, "").await;
    }
    let one =
        json!({ "product_id": 1, "customer_email": "john@example.com", "payment_method_id": 1, "wc_order_id": "4" });
    recorder.post("create_activation", &one).await;
    recorder.post("create_activation", &with(&one, json!({ "product_id": 99 }))).await;
    let renewal =
        json!({ "product_id": 1, "activation_id": 321, "payment_method_id": 1, "payment_transaction_id": "r" });
    recorder.post("create_renewal", &renewal).await;
    recorder.post("create_renewal", &with(&renewal, json!({ "product_id": 99 }))).await;
    (reference, token)
}

async fn worked_off(recorder: &mut Recorder) {
    recorder.deliver().await;
    // A passing fault, with its back-off; a race that is lost and read again.
    recorder.post("complete_order", &paid_cart("5")).await;
    recorder.service.http.plan(|call| if call.item == "line" { Fault::Throttled } else { Fault::None });
    recorder.deliver().await;
    recorder.service.http.heal();
    recorder.post("complete_order", &paid_cart("6")).await;
    let mut lost = true;
    let version = aws_sdk_dynamodb::types::AttributeValue::N("9".into());
    let order = recorder.service.items_of("order").await;
    let order = order.iter().find(|order| support::service::text(order, "wc_order_id") == "6").unwrap();
    let pk = support::service::text(order, "pk");
    let client = recorder.service.local.aws.dynamodb();
    let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
    let mut sender = Some(sender);
    recorder.service.http.plan(move |call| {
        if call.name() == "PutItem line" && std::mem::take(&mut lost) {
            let _ = sender.take().unwrap().send(());
            return Fault::Throttled;
        }
        Fault::None
    });
    let change = async {
        receiver.await.unwrap();
        let call = client.update_item().table_name(local::store::TABLE).update_expression("SET #v = :v");
        let key = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.into());
        let call = call.key("pk", key(&pk)).key("sk", key("order")).expression_attribute_names("#v", "version");
        call.expression_attribute_values(":v", version).send().await.unwrap();
    };
    futures_util::join!(change, recorder.deliver());
    recorder.service.http.heal();
    // A lost message.
    recorder.service.http.plan(|call| if call.operation == "SendMessage" { Fault::Before } else { Fault::None });
    recorder.post("complete_order", &paid_cart("7")).await;
    recorder.service.http.heal();
    recorder.sweep().await;
    recorder.deliver().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_allow_what_is_done_and_nothing_more() {
    let clock = TestClock::at("2026-11-23 12:00:00");
    // Keys and catalogue are read each time, as a cold environment reads them.
    let cache_for = std::time::Duration::ZERO;
    let setup = Setup { clock: Some(clock.clone()), background: false, cache_for, ..Setup::default() };
    let mut recorder = Recorder { clock, service: TestService::with(setup).await, used: BTreeMap::new() };
    recorder.service.http.take_calls();
    let (reference, _) = panelr(&mut recorder).await;
    worked_off(&mut recorder).await;
    let pending = with(&paid_cart("8"), json!({ "status": "pending" }));
    let id = recorder.post("create_work_order", &pending).await["reference_code"].as_str().unwrap().to_owned();
    recorder.shoppex("complete_pending_order", "POST", &format!("orders/{id}/complete"), Some("k")).await;
    recorder.shoppex("complete_pending_order", "POST", &format!("orders/{reference}/complete"), Some("k")).await;
    recorder.shoppex("get_order", "GET", &format!("orders/{id}"), None).await;
    recorder.shoppex("list_orders", "GET", "orders", None).await;
    recorder.shoppex("list_orders", "GET", "orders?customerEmail=john@example.com", None).await;
    recorder.get("not_found", "").await;
    events(&mut recorder).await;

    let mut used = recorder.used;
    // Numbers come from a lease in memory; each of these functions leases its own.
    for function in ["complete_order", "create_work_order", "create_activation", "create_renewal"] {
        used.get_mut(function).unwrap().insert("dynamodb:UpdateItem Table".to_owned());
    }
    // In init those that send ask for the queue's depth, which opens their connection.
    for function in ["complete_order", "create_activation", "create_renewal", "complete_pending_order"] {
        used.get_mut(function).unwrap().insert("sqs:GetQueueAttributes Queues.Outputs.ProvisionArn".to_owned());
    }
    for (function, queue) in [("provision", "Provision"), ("deliver_events", "Events")] {
        used.get_mut(function).unwrap().extend(BY_THE_MAPPING.map(|it| format!("{it} Queues.Outputs.{queue}Arn")));
    }
    let of_stream = BY_THE_STREAMS_MAPPING.map(|action| format!("{action} Table.StreamArn"));
    used.get_mut("publish_events").unwrap().extend(of_stream);
    let used: BTreeMap<String, Actions> = used.into_iter().map(|(name, actions)| (name.to_owned(), actions)).collect();
    let allowed = allowed();
    assert_eq!(used.keys().collect::<Vec<_>>(), allowed.keys().collect::<Vec<_>>());
    for (function, used) in &used {
        let missing: Vec<&String> = used.difference(&allowed[function]).collect();
        let needless: Vec<&String> = allowed[function].difference(used).collect();
        assert!(missing.is_empty() && needless.is_empty(), "{function}: missing {missing:?}, needless {needless:?}");
    }
}
