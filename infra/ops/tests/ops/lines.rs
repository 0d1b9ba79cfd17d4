//! Lines listed, shown, switched off and on; and what renewals and cancellations make of that.

use serde_json::{Value, json};
use shared::{
    domain::{
        activation::Activation,
        ids::ActivationId,
        status::{ActivationStatus, Status},
    },
    ports::{Activations, Orders},
    use_case::operator,
};
use support::service::{paid_cart, with_items};

use crate::program::Desk;

async fn line(desk: &Desk, id: u64) -> Activation {
    let id = ActivationId(id);
    desk.service.local.store.lines(&[id].into()).await.unwrap().remove(&id).unwrap()
}

/// Pays for `items` and waits until it is provisioned.
async fn bought(desk: &Desk, wc_order_id: &str, items: &[Value]) -> String {
    let paid = desk.service.post("complete_order", &with_items(&paid_cart(wc_order_id), items)).await.data();
    let reference = paid["reference_code"].as_str().unwrap().to_owned();
    desk.service.becomes(&reference, "completed").await;
    reference
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_found_by_order_and_by_customer() {
    let desk = Desk::open().await;
    let new = json!({ "product_id": 1, "intent": "new_activation", "qty": 2 });
    let renewal = json!({ "product_id": 1, "intent": "renewal", "activation_id": 321 });
    let first = bought(&desk, "1", &[new, renewal]).await;
    bought(&desk, "2", &[json!({ "product_id": 2, "intent": "new_activation" })]).await;
    let ids =
        |list: &Value| list["lines"].as_array().unwrap().iter().map(|line| line["line"].clone()).collect::<Vec<_>>();
    let of_order = desk.json(&["lines", "list", "--order", &first]).await;
    assert_eq!(ids(&of_order), [json!(321), json!(4201), json!(4202)]);
    let of_customer = desk.json(&["lines", "list", "--email", "JOHN@example.com"]).await;
    assert_eq!(ids(&of_customer), [json!(321), json!(4201), json!(4202), json!(4301)]);
    let table = desk.ops(&["lines", "list", "--order", "42"]).await.done();
    assert!(table.contains("j***@example.com") && !table.contains("line4201"), "{table}");
    let nobody = desk.ops(&["lines", "list", "--email", "jane@example.com"]).await.done();
    assert_eq!(nobody, "There are no such lines.\n");
    let neither = desk.ops(&["lines", "list"]).await;
    assert!(neither.code == 2 && neither.err.contains("--order"), "{neither:?}");

    let password = line(&desk, 4201).await.password.unwrap();
    let shown = desk.ops(&["lines", "show", "4201"]).await.done()
        + &desk.ops(&["lines", "show", "4201", "--json"]).await.done();
    assert!(!shown.contains(password.reveal()) && !shown.contains("line4201") && !shown.contains("john@"), "{shown}");
    let revealed = desk.json(&["lines", "show", "4201", "--reveal"]).await;
    assert_eq!((&revealed["password"], &revealed["username"]), (&json!(password.reveal()), &json!("line4201")));
    assert_eq!(desk.ops(&["lines", "show", "7"]).await.sentence(1), "There is no line 7.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_line_stays_so_through_a_renewal_until_it_is_resumed() {
    let desk = Desk::open().await;
    let made = bought(&desk, "1", &[json!({ "product_id": 1, "intent": "new_activation" })]).await;
    let before = line(&desk, 4201).await;
    let suspend = ["lines", "suspend", "4201", "--reason", "shared password", "--as", "jane"];
    assert_eq!(desk.ops(&suspend).await.done(), "Line 4201 is suspended.\n");
    assert_eq!(desk.ops(&suspend).await.done(), "Line 4201 was already suspended.\n");
    bought(&desk, "2", &[json!({ "product_id": 1, "intent": "renewal", "activation_id": 4201 })]).await;
    let renewed = line(&desk, 4201).await;
    assert_eq!(renewed.status, ActivationStatus::Suspended, "paying does not switch it on");
    assert!(renewed.expires_at > before.expires_at, "but the months are there");
    let resumed = desk.json(&["lines", "resume", "4201", "--as", "joe"]).await;
    assert_eq!(
        resumed,
        json!({ "line": 4201, "status": "active", "changed": true, "order": made, "noted_in_order": true })
    );
    let line = line(&desk, 4201).await;
    let changes: Vec<(&str, ActivationStatus)> =
        line.changes.iter().map(|change| (change.by.as_str(), change.to)).collect();
    assert_eq!(changes, [("operator:jane", ActivationStatus::Suspended), ("operator:joe", ActivationStatus::Active)]);
    let order = desk.service.stored(&made).await;
    let notes: Vec<String> =
        order.history().iter().filter_map(|change| Some(format!("{}: {}", change.by, change.note.as_ref()?))).collect();
    assert_eq!(notes, ["operator:jane: line 4201 suspended: shared password", "operator:joe: line 4201 resumed"]);
    assert_eq!(order.status(), Status::Completed);
    let shown = desk.ops(&["lines", "show", "4201"]).await.done();
    assert!(shown.contains("operator:jane") && shown.contains("shared password"), "{shown}");

    // One that was there before has no order.
    let own = desk.json(&["lines", "suspend", "321"]).await;
    assert_eq!((&own["order"], &own["changed"]), (&Value::Null, &json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_switch_one_line_at_once_one_is_told() {
    let desk = Desk::open().await;
    for round in 0..4 {
        let verb = if round % 2 == 0 { "suspend" } else { "resume" };
        let arguments = ["lines", verb, "321", "--json"];
        let (jane, joe) = tokio::join!(desk.ops_as("jane", &arguments), desk.ops_as("joe", &arguments));
        let changed = [&jane, &joe].iter().filter(|ended| ended.json()["changed"] == true).count();
        assert_eq!(changed, 1, "{jane:?} {joe:?}");
        assert_eq!(line(&desk, 321).await.changes.len(), round + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canceled_orders_line_is_resumed_only_when_somebody_has_paid_for_it_since() {
    let desk = Desk::open().await;
    let made = bought(&desk, "1", &[json!({ "product_id": 1, "intent": "new_activation" })]).await;
    // As after a failure of another of its lines: its first line is there, and the order is called off.
    let mut failed = serde_json::to_value(desk.service.stored(&made).await).unwrap();
    failed["status"] = json!("failed");
    let mut failed: shared::domain::work_order::WorkOrder = serde_json::from_value(failed).unwrap();
    desk.service.local.store.save(&mut failed).await.unwrap();
    desk.ops(&["orders", "cancel", &made, "--reason", "asked to", "--yes"]).await.done();
    let suspended = line(&desk, 4201).await;
    assert_eq!((suspended.status, suspended.changes[0].by.as_str()), (ActivationStatus::Suspended, "operator:tester"));
    let refused = desk.ops(&["lines", "resume", "4201"]).await.sentence(1);
    assert!(refused.contains(&made) && refused.contains("was canceled"), "{refused}");

    bought(&desk, "2", &[json!({ "product_id": 1, "intent": "renewal", "activation_id": 4201 })]).await;
    assert_eq!(desk.ops(&["lines", "resume", "4201"]).await.done(), "Line 4201 is active.\n");
    // A late copy of the canceled order's message, or the command again, does not switch it off.
    let worker = desk.service.local.functions.context();
    operator::cancel(worker, "late", desk.service.stored(&made).await, "again").await.unwrap();
    assert_eq!(line(&desk, 4201).await.status, ActivationStatus::Active);
}
