//! What a person decides about an order; and two who decide at once.

use serde_json::json;
use shared::{domain::status::Status, ports::Orders};
use support::service::{paid_cart, with_items};

use crate::program::Desk;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_approve_at_once_one_is_told_who_was_faster() {
    let desk = Desk::idle().await;
    for round in 0..5 {
        let reference = desk.submitted(&round.to_string()).await;
        desk.service.messages_sent();
        let arguments = ["orders", "approve", &reference, "--yes"];
        let approve = |name| desk.ops_as(name, &arguments);
        let (jane, joe) = tokio::join!(approve("jane"), approve("joe"));
        let (won, told, winner) = if jane.code == 0 { (jane, joe, "jane") } else { (joe, jane, "joe") };
        assert_eq!(won.done(), format!("{reference}: payment_submitted -> queued.\n"));
        let sentence = told.sentence(1);
        let wanted = format!("{reference} is queued (by operator:{winner}, ");
        assert!(sentence.starts_with(&wanted) && sentence.ends_with("and cannot be approved."), "{sentence}");
        let order = desk.service.stored(&reference).await;
        let approvals = order.history().iter().filter(|change| change.by.starts_with("operator:")).count();
        assert_eq!((order.status(), approvals, order.payments().len()), (Status::Queued, 1, 1));
        assert_eq!(desk.service.receive(&desk.service.local.queue_url).await.len(), 1, "one message");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_final_is_done_unasked() {
    let desk = Desk::idle().await;
    let reference = desk.submitted("1").await;
    for arguments in
        [["orders", "approve", &reference].to_vec(), ["orders", "cancel", &reference, "--reason", "x"].to_vec()]
    {
        let sentence = desk.ops(&arguments).await.sentence(2);
        assert!(sentence.contains("--yes") && sentence.contains(&reference), "{sentence}");
        assert!(!sentence.contains("john@"), "{sentence}");
    }
    assert_eq!(desk.service.stored(&reference).await.status(), Status::PaymentSubmitted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_payment_replaces_what_was_submitted() {
    let desk = Desk::idle().await;
    let reference = desk.submitted("1").await;
    for bad in ["four", "4.505", "-1"] {
        let ended = desk.ops(&["orders", "partial", &reference, bad]).await;
        assert_eq!(ended.code, 2, "{ended:?}");
    }
    let all = desk.ops(&["orders", "partial", &reference, "10.49"]).await.sentence(1);
    assert!(all.contains("approve the order instead"), "{all}");
    let said = desk.ops(&["orders", "partial", &reference, "4.50"]).await.done();
    let wanted = "payment_submitted -> pending_payment. $4.50 came in, $5.99 is still due.";
    assert_eq!(said, format!("{reference}: {wanted}\n"));
    let order = desk.service.stored(&reference).await;
    assert_eq!(order.payments()[0].transaction_id.as_deref(), Some("V1"), "the submitted one");
    let again = desk.ops(&["orders", "partial", &reference, "4.50"]).await.sentence(1);
    assert!(again.contains("is pending_payment (by operator:tester"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_canceled_once_with_its_reason() {
    let desk = Desk::idle().await;
    let reference = desk.order("pending_payment", "1").await;
    let missing = desk.ops(&["orders", "cancel", &reference, "--yes"]).await;
    assert!(missing.code == 2 && missing.err.contains("--reason"), "{missing:?}");
    let cancel = ["orders", "cancel", &reference, "--reason", "asked to", "--yes", "--as", "jane"];
    assert_eq!(desk.ops(&cancel).await.done(), format!("{reference}: pending_payment -> canceled.\n"));
    assert_eq!(desk.ops(&cancel).await.done(), format!("{reference}: canceled. It was canceled before.\n"));
    let order = desk.service.stored(&reference).await;
    let last = order.history().last().unwrap();
    assert_eq!((order.history().len(), last.by.as_str(), last.note.as_deref()), (2, "operator:jane", Some("asked to")));
    let approve = desk.ops(&["orders", "approve", &reference, "--yes"]).await.sentence(1);
    assert!(approve.contains("is canceled (by operator:jane"), "{approve}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_order_is_retried() {
    let desk = Desk::idle().await;
    let gone = json!({ "product_id": 1, "intent": "renewal", "activation_id": 321 });
    let body = with_items(&paid_cart("1"), &[gone]);
    let made = desk.service.post("complete_order", &body).await.data();
    let reference = made["reference_code"].as_str().unwrap();
    let early = desk.ops(&["orders", "retry", reference]).await.sentence(1);
    assert!(early.contains("is queued (by key:demo"), "{early}");
    let mut order = desk.service.stored(reference).await;
    order.change(Status::Failed, "provision", Some("line 321 does not exist".into()), chrono::Utc::now()).unwrap();
    order.failure = Some("line 321 does not exist".into());
    desk.service.local.store.save(&mut order).await.unwrap();
    assert!(desk.ops(&["orders", "show", reference]).await.done().contains("line 321 does not exist"));
    let waiting = desk.json(&["orders", "list", "--status", "failed"]).await;
    assert_eq!(waiting["orders"][0]["failure"], "line 321 does not exist");
    assert_eq!(desk.ops(&["orders", "retry", reference]).await.done(), format!("{reference}: failed -> queued.\n"));
    desk.service.drain().await;
    let order = desk.service.stored(reference).await;
    assert_eq!((order.status(), order.failure), (Status::Completed, None));
    let late = desk.ops(&["orders", "retry", reference]).await.sentence(1);
    assert!(late.contains("is completed (by provision"), "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_has_a_name() {
    let desk = Desk::idle().await;
    let reference = desk.submitted("1").await;
    let approve = ["orders", "approve", reference.as_str(), "--yes"];
    let mut nameless = desk.command(&approve);
    nameless.env_remove("USER");
    let sentence = crate::program::end(nameless).await.sentence(2);
    assert!(sentence.contains("--as NAME"), "{sentence}");
    let mut named = desk.command(&approve);
    named.env("OPS_AS", "Jane Doe");
    crate::program::end(named).await.done();
    let order = desk.service.stored(&reference).await;
    assert_eq!(order.history().last().unwrap().by, "operator:Jane Doe");
}
