//! What operators put into the table by hand is what the code reads.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use local::{Local, Options};
use serde_json::{Value, json};
use shared::{
    domain::{
        api_key::{KeyHash, Scope},
        ids::{BouquetId, PaymentMethodId, ProductId},
        status::Status,
        time::to_sortable,
        work_order::WorkOrder,
    },
    dynamodb::layout,
    ports::{Catalogue, Lookup, Orders, Wanted},
};

use crate::documents::text;

const SECRET: &str = "a key of a generator's making";

fn attribute(value: &Value) -> AttributeValue {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match (kind.as_str(), value) {
        ("S", Value::String(text)) => AttributeValue::S(text.clone()),
        ("N", Value::String(number)) => AttributeValue::N(number.clone()),
        ("BOOL", Value::Bool(truth)) => AttributeValue::Bool(*truth),
        ("NULL", Value::Bool(true)) => AttributeValue::Null(true),
        ("L", Value::Array(values)) => AttributeValue::L(values.iter().map(attribute).collect()),
        ("M", Value::Object(_)) => AttributeValue::M(attributes(value)),
        other => panic!("{other:?}"),
    }
}

fn attributes(value: &Value) -> HashMap<String, AttributeValue> {
    value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

/// A file with its words in capitals replaced, as `sed` does it.
fn file(name: &str, words: &[(&str, &str)]) -> Value {
    let text =
        words.iter().fold(text(&format!("infra/by_hand/{name}")), |text, (word, value)| text.replace(word, value));
    serde_json::from_str(&text).unwrap()
}

/// A service with nothing in it, and what the README puts in.
async fn service() -> Local {
    let options = Options { port: 0, seed: Some(b"{}".to_vec()), background: false, ..Options::default() };
    let local = Local::start(options).await.unwrap();
    let hash = KeyHash::of(SECRET);
    for item in [
        file("api_key.json", &[("HASH", hash.as_str())]),
        file("product.json", &[]),
        file("payment_method.json", &[]),
        file("bouquet.json", &[]),
    ] {
        let put = local.aws.dynamodb().put_item().table_name(local::store::TABLE).set_item(Some(attributes(&item)));
        put.condition_expression("attribute_not_exists(pk)").send().await.unwrap();
    }
    local
}

async fn order(local: &Local) -> WorkOrder {
    let body = json!({
        "customer_email": "john@example.com", "customer_name": "John Example", "customer_phone": "+1 555 0100",
        "customer_address": "1 Example Street, Exampletown, EX 10001, US", "source": "woocommerce",
        "payment_method_id": 1, "payment_transaction_id": "pi_3MtwBwLkdIwHu7ix28a3tqPa", "payment_amount": 9.99,
        "wc_order_id": "1005", "bouquet_ids": [1],
        "items": [{ "product_id": 1, "intent": "new_activation" }],
    });
    let request = reqwest::Client::new().post(format!("{}/api/complete_order", local.url));
    let reply = request.header("X-Panelr-API-Key", SECRET).body(body.to_string()).send().await.unwrap();
    let reply: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
    let number = reply["data"]["work_order_id"].as_u64().unwrap_or_else(|| panic!("{reply}"));
    local.store.order_by_number(shared::domain::ids::WorkOrderId(number)).await.unwrap().unwrap()
}

#[tokio::test]
async fn the_first_key_and_catalogue_open_a_shop() {
    let local = service().await;
    let wanted = Wanted {
        key: Some(KeyHash::of(SECRET)),
        products: BTreeSet::from([ProductId(1)]),
        payment_method: Some(PaymentMethodId(1)),
        bouquets: BTreeSet::from([BouquetId(1)]),
        ..Wanted::default()
    };
    let found = local.store.look_up(&wanted).await.unwrap();
    let key = found.key.unwrap();
    assert!(key.admits(&KeyHash::of(SECRET), chrono::Utc::now()) && key.may(Scope::OrdersWrite));
    assert_eq!((found.products.len(), found.bouquets.len()), (1, 1));
    assert!(found.payment_method.is_some());
    assert_eq!(local.store.products().await.unwrap().len(), 1);
    assert_eq!(local.store.payment_methods().await.unwrap().len(), 1);
    assert_eq!(local.store.bouquets().await.unwrap().len(), 1);
    assert_eq!(order(&local).await.status(), Status::Queued);
    local.stop().await;
}

/// Of an order with all that the plugin sends. The README's costs count on it: DynamoDB charges a write by started kilobytes.
#[tokio::test]
async fn an_order_takes_two_write_units() {
    let local = service().await;
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

#[tokio::test]
async fn retrying_by_hand_is_what_an_operator_does() {
    let local = service().await;
    let mut order = order(&local).await;
    order.change(Status::Failed, "provision", None, chrono::Utc::now()).unwrap();
    order.failure = Some("gave up after 10 deliveries".to_owned());
    local.store.save(&mut order).await.unwrap();

    // As `date` writes it, to the second; and after what was stored.
    let now = chrono::Utc::now() + chrono::Duration::seconds(1);
    let now = now - chrono::Duration::nanoseconds(i64::from(now.timestamp_subsec_nanos()));
    let stored = layout::order_item(&order).unwrap();
    let part = stored[layout::OPEN_KEY].as_s().unwrap().strip_prefix("failed#").unwrap().to_owned();
    let (uuid, at) = (order.uuid.to_string(), to_sortable(now));
    let words = [
        ("TABLE", local::store::TABLE),
        ("UUID", uuid.as_str()),
        ("PART", part.as_str()),
        ("NOW", at.as_str()),
        ("OPERATOR", "jane"),
    ];
    let update = file("retry_order.json", &words);
    let text = |name: &str| update[name].as_str().unwrap().to_owned();
    let send = || {
        let names = update["ExpressionAttributeNames"].as_object().unwrap().iter();
        let names = names.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        let request = local.aws.dynamodb().update_item().table_name(text("TableName"));
        let request = request.set_key(Some(attributes(&update["Key"])));
        let request = request.condition_expression(text("ConditionExpression"));
        let request = request.update_expression(text("UpdateExpression")).set_expression_attribute_names(Some(names));
        request.set_expression_attribute_values(Some(attributes(&update["ExpressionAttributeValues"]))).send()
    };
    send().await.unwrap();

    let mut expected = order.clone();
    expected.change(Status::Queued, "operator:jane", None, now).unwrap();
    expected.version += 1;
    let retried = local.store.order(order.uuid).await.unwrap().unwrap();
    assert_eq!(retried, expected);
    let answer = local.aws.dynamodb().get_item().table_name(local::store::TABLE);
    let item = answer.set_key(Some(layout::Key::order(order.uuid).into_item())).send().await.unwrap().item.unwrap();
    let wanted = layout::order_item(&expected).unwrap();
    for name in [layout::OPEN_KEY, layout::OPEN_SORT, layout::CUSTOMER_KEY, layout::CUSTOMER_SORT] {
        assert_eq!(item[name], wanted[name], "{name}");
    }
    // It is no longer failed, so the same again is refused.
    assert!(send().await.is_err());
    local.stop().await;
}
