//! The endpoints of the running service, spoken to without an SDK.

use std::{
    sync::PoisonError,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Fault,
    service::{Places, SharedPlaces},
};

const TABLE: &str = "work-orders";
const QUEUE: &str = "000000000000/work-orders";

fn now(places: &SharedPlaces) -> Places {
    places.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

async fn call(url: &str, target: &str, body: &Value) -> Result<Value, Fault> {
    let request = reqwest::Client::new()
        .post(url)
        .header("X-Amz-Target", target)
        .header("Content-Type", "application/x-amz-json-1.0")
        .header("X-Amz-Date", "20261123T000000Z")
        // Nobody checks the signature here, but it must be there.
        .header(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=local/20261123/us-east-1/local/aws4_request, SignedHeaders=host, Signature=0",
        )
        .timeout(Duration::from_secs(10));
    let answer = request.body(body.to_string()).send().await?.error_for_status()?;
    Ok(serde_json::from_str(&answer.text().await?)?)
}

/// Every item of the table, as DynamoDB writes it: a JSON array.
pub(crate) async fn export(places: &SharedPlaces) -> Result<String, Fault> {
    let places = now(places);
    let mut items = Vec::new();
    let mut request = json!({ "TableName": TABLE, "ConsistentRead": true });
    loop {
        let mut page = call(&places.dynamodb, "DynamoDB_20120810.Scan", &request).await?;
        if let Value::Array(more) = page["Items"].take() {
            items.extend(more);
        }
        if page["LastEvaluatedKey"].is_null() {
            return Ok(Value::Array(items).to_string());
        }
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"].take();
    }
}

/// Waits until no order is queued any more; whether that came.
pub(crate) async fn rest(places: &SharedPlaces, longest: Duration) -> Result<bool, Fault> {
    let end = Instant::now() + longest;
    while Instant::now() < end {
        let items: Vec<Value> = serde_json::from_str(&export(places).await?)?;
        let queued = |item: &Value| item["sk"]["S"] == "order" && item["status"]["S"] == "queued";
        if !items.iter().any(queued) {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(false)
}

/// Sends the message of an order once more.
pub(crate) async fn send(places: &SharedPlaces, order: &str, number: u64) -> Result<(), Fault> {
    let sqs = now(places).sqs;
    let message = json!({ "order": order, "number": number }).to_string();
    let body = json!({ "QueueUrl": format!("{sqs}/{QUEUE}"), "MessageBody": message });
    call(&sqs, "AmazonSQS.SendMessage", &body).await.map(drop)
}
