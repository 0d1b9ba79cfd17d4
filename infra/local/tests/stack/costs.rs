//! What the README's costs count on.

use aws_sdk_dynamodb::types::AttributeValue;
use local::{DEMO_KEY, Local, Options};
use serde_json::{Value, json};
use shared::{
    aws::dynamodb::layout,
    domain::{status::Status, work_order::WorkOrder},
    ports::Orders,
};

async fn order(local: &Local) -> WorkOrder {
    let body = json!({
        "customer_email": "john@example.com", "customer_name": "John Example", "customer_phone": "+1 555 0100",
        "customer_address": "1 Example Street, Exampletown, EX 10001, US", "source": "woocommerce",
        "payment_method_id": 1, "payment_transaction_id": "pi_3MtwBwLkdIwHu7ix28a3tqPa", "payment_amount": 9.99,
        "wc_order_id": "1005", "bouquet_ids": [1],
        "items": [{ "product_id": 1, "intent": "new_activation" }],
    });
    let request = reqwest::Client::new().post(format!("{}/api/complete_order", local.url));
    let reply = request.header("X-Panelr-API-Key", DEMO_KEY).body(body.to_string()).send().await.unwrap();
    let reply: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
    let number = reply["data"]["work_order_id"].as_u64().unwrap_or_else(|| panic!("{reply}"));
    local.store.order_by_number(shared::domain::ids::WorkOrderId(number)).await.unwrap().unwrap()
}

/// Of an order with all that the plugin sends. The README's costs count on it: DynamoDB charges a write by started kilobytes.
#[tokio::test]
async fn an_order_takes_two_write_units() {
    let options = Options { port: 0, background: false, ..Options::default() };
    let local = Local::start(options).await.unwrap();
    let mut order = order(&local).await;
    let size = |order: &WorkOrder| {
        layout::order_item(order).unwrap().iter().map(|(name, value)| name.len() + bytes(value)).sum()
    };
    let made: usize = size(&order);
    order.change(Status::Completed, "provision", None, chrono::Utc::now()).unwrap();
    let completed: usize = size(&order);
    assert!(1_024 < made && completed <= 2_048, "{made} and {completed} bytes");
    local.stop().await;
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
fn bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + bytes(value)).sum::<usize>(),
        AttributeValue::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + bytes(value)).sum::<usize>(),
        _ => 1,
    }
}
