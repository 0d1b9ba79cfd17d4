//! What each function is measured at: events that all take its ordinary way, each for an order of its own.

use aws_sdk_sqs::types::MessageSystemAttributeName;
use local::functions::API;
use serde_json::{Value, json};

use crate::{
    events::{event, set, unique, with_body, with_order, with_query},
    fault::{Explain, Fault},
    world::World,
};

/// Orders of a provisioning batch: the mapping's largest.
const BATCH: usize = 10;

/// Something a function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scenario {
    /// Its name in tables and budgets.
    pub(crate) name: &'static str,
    /// The function.
    pub(crate) function: &'static str,
    /// Invocations after the first until one is like the next. A function that gives numbers leases 1 (in init), 2, 4, 8 and 16; after
    /// the sixteenth order it holds fifteen.
    pub(crate) settled: usize,
    /// Invocations that are then counted.
    pub(crate) counted: usize,
}

const fn scenario(name: &'static str, function: &'static str) -> Scenario {
    Scenario { name, function, settled: 2, counted: 15 }
}

const fn numbered(function: &'static str) -> Scenario {
    Scenario { name: function, function, settled: 15, counted: 15 }
}

/// The functions that are not measured by one scenario of their own name.
const SPECIAL: [Scenario; 10] = [
    numbered("complete_order"),
    numbered("create_work_order"),
    numbered("create_activation"),
    numbered("create_renewal"),
    scenario("get_work_order by token", "get_work_order"),
    scenario("get_work_order by e-mail", "get_work_order"),
    Scenario { name: "provision, 10 orders", function: "provision", settled: 2, counted: 8 },
    scenario("sweep, nothing lost", "sweep"),
    scenario("publish_events, 1 endpoint", "publish_events"),
    scenario("deliver_events, 1 event", "deliver_events"),
];

/// All of them: at least one for each function.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = SPECIAL.to_vec();
    for function in API.iter().copied().chain(["not_found"]) {
        if !SPECIAL.iter().any(|special| special.function == function) {
            all.push(scenario(function, function));
        }
    }
    all
}

impl Scenario {
    /// `count` events, and in the world what they are about.
    pub(crate) async fn events(&self, world: &World, count: usize) -> Result<Vec<String>, Fault> {
        let mut events = Vec::with_capacity(count);
        // What several events may ask for.
        let kept = match self.name {
            "get_order" | "get_work_order by token" | "get_work_order by e-mail" => Some(waiting(world).await?.0),
            "list_orders" => {
                for _ in 0..10 {
                    waiting(world).await?;
                }
                None
            }
            "publish_events, 1 endpoint" | "deliver_events, 1 event" => {
                world.add_endpoint().await?;
                None
            }
            _ => None,
        };
        let reference = kept.unwrap_or_default();
        let token = match self.name {
            "get_work_order by token" => world.token(&reference).await?,
            _ => String::new(),
        };
        for _ in 0..count {
            let event = match self.name {
                "complete_order" | "create_work_order" => with_body(self.function, order_keys(unique()))?,
                "create_activation" | "create_renewal" => {
                    with_body(self.function, json!({ "payment_transaction_id": format!("pi_{}", unique()) }))?
                }
                "get_work_order by token" => with_query(self.function, &[("ref", &reference), ("token", &token)])?,
                "get_work_order by e-mail" => {
                    with_query(self.function, &[("ref", &reference), ("email", "john@example.com")])?
                }
                "get_order" => with_order(self.function, &reference)?,
                "submit_payment" => with_body(self.function, json!({ "reference_code": waiting(world).await?.0 }))?,
                "send_payment_instructions" => {
                    with_body(self.function, json!({ "work_order_id": waiting(world).await?.1 }))?
                }
                "complete_pending_order" => {
                    let mut event = with_order(self.function, &waiting(world).await?.0)?;
                    if let Some(headers) = event.get_mut("headers") {
                        set(headers, "idempotency-key", format!("complete-{}", unique()));
                    }
                    event
                }
                "provision, 10 orders" => batch(world).await?,
                "deliver_events, 1 event" => {
                    let mut event = event(self.function)?;
                    // The second is for an endpoint that is not there.
                    if let Some(records) = event.pointer_mut("/Records").and_then(Value::as_array_mut) {
                        records.truncate(1);
                    }
                    event
                }
                _ => event(self.function)?,
            };
            events.push(event.to_string());
        }
        Ok(events)
    }
}

fn order_keys(number: u64) -> Value {
    json!({ "wc_order_id": number.to_string(), "payment_transaction_id": format!("pi_{number}") })
}

/// A new order that waits for its payment: its reference code and number.
async fn waiting(world: &World) -> Result<(String, u64), Fault> {
    let event = with_body("create_work_order", json!({ "wc_order_id": unique().to_string() }))?;
    let reply = world.call("create_work_order", &event).await?;
    let reference = reply.pointer("/data/reference_code").and_then(Value::as_str);
    let number = reply.pointer("/data/work_order_id").and_then(Value::as_u64);
    reference.map(str::to_owned).zip(number).ok_or_else(|| Fault::new(format!("no order was made: {reply}")))
}

/// An event with ten messages of the queue, each of a new order.
async fn batch(world: &World) -> Result<Value, Fault> {
    for _ in 0..BATCH {
        let event = with_body("complete_order", order_keys(unique()))?;
        world.call("complete_order", &event).await?;
    }
    let mut event = event("provision")?;
    let record = event.pointer("/Records/0").cloned().unwrap_or_default();
    let queue = world.local.aws.sqs();
    let mut records = Vec::with_capacity(BATCH);
    while records.len() < BATCH {
        let left = i32::try_from(BATCH - records.len()).unwrap_or(i32::MAX);
        let call = queue.receive_message().queue_url(&world.local.queue_url).max_number_of_messages(left);
        let call = call.message_system_attribute_names(MessageSystemAttributeName::All);
        let messages = call.send().await.explain("the queue")?.messages.unwrap_or_default();
        if messages.is_empty() {
            return Err(Fault::new("the queue has no message"));
        }
        for message in messages {
            let mut record = record.clone();
            set(&mut record, "messageId", message.message_id);
            set(&mut record, "receiptHandle", message.receipt_handle);
            set(&mut record, "body", message.body);
            set(&mut record, "md5OfBody", message.md5_of_body);
            records.push(record);
        }
    }
    set(&mut event, "Records", records);
    Ok(event)
}
