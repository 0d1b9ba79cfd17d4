//! The main job: a paid cart becomes a running line.

use serde_json::json;
use support::service::{TestService, paid_cart};

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_cart_becomes_a_line_within_two_seconds() {
    let service = TestService::start().await;
    let reply = service.post("complete_order", &paid_cart("1001")).await.data();
    assert_eq!(
        reply,
        json!({
            "work_order_id": 42,
            "reference_code": reply["reference_code"],
            "status": "queued",
            "type": "new_activation",
            "item_count": 1,
        })
    );
    let order = service.becomes(reply["reference_code"].as_str().unwrap(), "completed").await;
    assert_eq!(order["cart"][0]["linked_username"], "line4201");
    let line = service.line(4201).await.expect("the line");
    assert_eq!(line["connections"].as_n().unwrap(), "1");
}
