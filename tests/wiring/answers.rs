//! Each function's answers to the events of `tests/events`, and what its log says of them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sqs::types::Message;
use local::DEMO_KEY;
use serde_json::{Value, json};
use shared::ports::WebhookEndpoints;
use support::{
    receiver::{Answer, Receiver},
    service::{TestService, text},
};

use crate::function::{Function, TOKEN_SECRET, all, body, data, event, event_with, stack};

/// The reference of an order in a reply.
pub(crate) fn reference(data: &Value) -> String {
    data["reference_code"].as_str().unwrap().to_owned()
}

/// get_work_order by this parameter.
pub(crate) fn look_by(reference: &str, name: &str, value: &str) -> Value {
    let mut event = event("get_work_order");
    event["queryStringParameters"] = json!({ "ref": reference, name: value });
    event["rawQueryString"] = format!("ref={reference}&{name}={}", value.replace('@', "%40")).into();
    event
}

/// get_work_order by e-mail.
pub(crate) fn look(reference: &str) -> Value {
    look_by(reference, "email", "john@example.com")
}

/// An event about this order on the Shoppex side.
fn about(name: &str, order: &str) -> Value {
    let mut event = event(name);
    let path = event["rawPath"].as_str().unwrap().replace(event["pathParameters"]["id"].as_str().unwrap(), order);
    event["requestContext"]["http"]["path"] = path.as_str().into();
    event["rawPath"] = path.into();
    event["pathParameters"]["id"] = order.into();
    event
}

/// The message that waits in the provisioning queue.
pub(crate) async fn message(service: &TestService) -> Message {
    let mut messages = service.receive(&service.local.queue_url).await;
    assert_eq!(messages.len(), 1);
    messages.remove(0)
}

/// `event` with these messages.
fn batch(name: &str, messages: &[Message]) -> Value {
    let mut event = event(name);
    let record = event["Records"][0].clone();
    let records = messages.iter().map(|message| {
        let mut record = record.clone();
        record["messageId"] = message.message_id.clone().unwrap().into();
        record["receiptHandle"] = message.receipt_handle.clone().unwrap().into();
        record["body"] = message.body.clone().unwrap().into();
        record
    });
    event["Records"] = records.collect();
    event
}

/// The provisioning queue's event of these messages.
pub(crate) fn provision(messages: &[Message]) -> Value {
    batch("provision", messages)
}

/// The event of the queue of events.
pub(crate) fn deliver(message: &Message) -> Value {
    batch("deliver_events", std::slice::from_ref(message))
}

/// The functions that were started so far, each once.
struct Functions<'a> {
    service: &'a TestService,
    running: BTreeMap<String, (Function, usize)>,
}

impl Functions<'_> {
    async fn send(&mut self, name: &str, event: &Value) -> Value {
        if !self.running.contains_key(name) {
            // The receivers of these tests are at a private address.
            let set = [("EVENTS_ALLOW_PRIVATE", "true")];
            self.running.insert(name.to_owned(), (Function::start(self.service, name, &set).await, 0));
        }
        let (function, sent) = self.running.get_mut(name).unwrap();
        *sent += 1;
        function.send(event).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_answers_its_event() {
    let service = stack().await;
    let mut functions = Functions { service: &service, running: BTreeMap::new() };
    let token = orders(&mut functions).await;
    events(&mut functions).await;
    // What has no part in these: its event is answered with a success.
    for name in all(&service).into_keys() {
        if !functions.running.contains_key(&name) {
            data(&functions.send(&name, &event(&name)).await);
        }
    }
    let private = private(&service, &token).await;
    for (name, (function, sent)) in functions.running {
        check_log(&name, &function.end().await, sent, &private);
    }
}

/// Orders, from the cart to the line; the token of one of them.
async fn orders(functions: &mut Functions<'_>) -> String {
    let service = functions.service;
    // A paid cart, twice the same: the second reply is the first one.
    let reply = functions.send("complete_order", &event("complete_order")).await;
    let paid = data(&reply);
    assert_eq!((&paid["status"], &paid["item_count"]), (&json!("queued"), &json!(1)));
    let paid = reference(&paid);
    assert_eq!(functions.send("complete_order", &event("complete_order")).await["body"], reply["body"]);
    let order = data(&functions.send("get_work_order", &look(&paid)).await);
    assert_eq!((&order["status"], &order["order_total"]), (&json!("awaiting_webhook"), &json!(9.99)));

    // Its message, with an unreadable one in a batch.
    let queue = service.local.aws.sqs();
    queue.send_message().queue_url(&service.local.queue_url).message_body("unreadable").send().await.unwrap();
    let messages = service.receive(&service.local.queue_url).await;
    assert_eq!(messages.len(), 2);
    let unreadable = messages.iter().find(|message| message.body.as_deref() == Some("unreadable")).unwrap();
    let reply = functions.send("provision", &provision(&messages)).await;
    assert_eq!(reply, json!({ "batchItemFailures": [{ "itemIdentifier": unreadable.message_id }] }));
    let order = data(&functions.send("get_work_order", &look(&paid)).await);
    assert_eq!(order["status"], "completed");
    assert!(order["cart"][0]["linked_username"].is_string());

    // An order that waits for its payment.
    let created = data(&functions.send("create_work_order", &event("create_work_order")).await);
    let (waiting, token) = (reference(&created), created["confirmation_token"].as_str().unwrap().to_owned());
    let order = data(&functions.send("get_work_order", &look_by(&waiting, "token", &token)).await);
    assert_eq!((&order["status"], &order["balance_due"]), (&json!("pending_payment"), &json!(10.49)));
    let fields = json!({ "work_order_id": created["work_order_id"] });
    let sent = functions.send("send_payment_instructions", &event_with("send_payment_instructions", &fields)).await;
    assert_eq!(data(&sent), json!({ "sent": false, "reference_code": waiting }));
    let fields = json!({ "reference_code": waiting });
    let submitted = data(&functions.send("submit_payment", &event_with("submit_payment", &fields)).await);
    assert_eq!((&submitted["status"], &submitted["balance_due"]), (&json!("payment_submitted"), &json!(5.49)));

    // Shoppex's side.
    let completed = functions.send("complete_pending_order", &about("complete_pending_order", &waiting)).await;
    let completed = body(&completed, 200)["data"].clone();
    assert_eq!((&completed["id"], &completed["status"]), (&json!(waiting), &json!("COMPLETED")));
    let one = body(&functions.send("get_order", &about("get_order", &paid)).await, 200)["data"].clone();
    assert_eq!((&one["id"], &one["total"]), (&json!(paid), &json!(9.99)));
    let page = body(&functions.send("list_orders", &event("list_orders")).await, 200);
    let listed: Vec<&Value> = page["data"].as_array().unwrap().iter().map(|order| &order["id"]).collect();
    assert_eq!(listed, [&json!(waiting), &json!(paid)]);

    let demo: Value = serde_json::from_str(local::start::DEMO).unwrap();
    for (name, of) in
        [("get_products", "products"), ("get_payment_methods", "payment_methods"), ("get_bouquets", "bouquets")]
    {
        let entries = data(&functions.send(name, &event(name)).await);
        let ids =
            |entries: &Value| entries.as_array().unwrap().iter().map(|entry| entry["id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&entries), ids(&demo[of]), "{name}");
    }
    let refusal = body(&functions.send("not_found", &event("not_found")).await, 404);
    let unknown = json!({ "success": false, "data": null, "error": "Unknown action.", "code": "unknown_action" });
    assert_eq!(refusal, unknown);
    assert_eq!(functions.send("sweep", &event("sweep")).await, Value::Null);
    token
}

/// The table's stream into the queue of events, and that to an endpoint.
async fn events(functions: &mut Functions<'_>) {
    let service = functions.service;
    let receiver = Receiver::start("0123456789ab", &[], Answer::Status(200)).await;
    service.local.store.add_endpoint(&receiver.endpoint).await.unwrap();
    let reply = functions.send("publish_events", &event("publish_events")).await;
    assert_eq!(reply, json!({ "batchItemFailures": [] }));
    let messages = service.receive(&service.local.events_url).await;
    assert_eq!(messages.len(), 2, "queued, and completed");
    for message in &messages {
        let reply = functions.send("deliver_events", &deliver(message)).await;
        assert_eq!(reply, json!({ "batchItemFailures": [] }));
    }
    let told: BTreeSet<String> = receiver.told().iter().map(support::receiver::Told::kind).collect();
    assert_eq!(told, ["order.completed", "order.queued"].map(str::to_owned).into());
}

/// What no log may show.
async fn private(service: &TestService, token: &str) -> Vec<String> {
    let mut private = vec![token.to_owned()];
    let said =
        ["john@example.com", "John D", "+1555", "203.0.113.9", "pi_123", "the rest on Friday", "secret-in-the-url"];
    private.extend([DEMO_KEY, TOKEN_SECRET, "AKIDOFTHETESTS", "the-tests-own"].map(str::to_owned));
    private.extend(said.map(str::to_owned));
    let lines = service.items_of("line").await;
    assert!(lines.len() > 2, "the demo's two, and the order's");
    private.extend(lines.iter().flat_map(|line| [text(line, "password"), text(line, "username")]));
    // The demo's lines have none.
    private.retain(|text| !text.is_empty());
    assert!(private.iter().all(|text| text.len() > 3), "{private:?}");
    private
}

/// JSON lines, at least one for each event, no fault, and nothing private.
fn check_log(name: &str, log: &str, sent: usize, private: &[String]) {
    assert!(!log.contains("panicked"), "{name}: {log}");
    let given_away: Vec<&String> = private.iter().filter(|text| log.contains(text.as_str())).collect();
    assert!(given_away.is_empty(), "{name} gives away {given_away:?}: {log}");
    // After the last event it is told that there are no more, by an error.
    let (log, _end) = log.split_once("Error: ").expect("its end");
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{name}: {line}")));
    let (own, others): (Vec<Value>, Vec<Value>) = lines.partition(|line: &Value| line["action"] == name);
    assert!(own.len() >= sent, "{name}: {log}");
    assert!(own.iter().all(|line| line["level"] != "ERROR" && line["outcome"] != "fault"), "{name}: {log}");
    assert!(others.iter().all(|line| line["_aws"].is_object() && line["Function"] == name), "{name}: {log}");
}
