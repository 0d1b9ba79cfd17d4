//! What the doctor finds.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::{domain::status::Status, ports::Orders};

use crate::program::{Desk, command, end};

/// The checks by name, with the exit code.
async fn findings(desk: &Desk) -> (i32, BTreeMap<String, String>) {
    let ended = desk.ops(&["doctor", "--json"]).await;
    let report = ended.json();
    assert_eq!(report["ok"] == true, ended.code == 0, "{report}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let checks = report["checks"].as_array().unwrap().iter();
    let checks = checks.map(|check| {
        let name = text(&check["check"]);
        let name = if name == "index" { text(&check["detail"]) } else { name };
        (name, format!("{}: {}", text(&check["state"]), text(&check["detail"])))
    });
    (ended.code, checks.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_with_a_new_service() {
    let desk = Desk::open().await;
    let (code, found) = findings(&desk).await;
    assert_eq!(code, 0, "{found:?}");
    for (check, wanted) in [
        ("table", "ok: work-orders in us-east-1: active"),
        ("open: active", "ok: open: active"),
        ("customer: active", "ok: customer: active"),
        ("time to live", "ok: on"),
        ("queue", "ok: 0 waiting"),
        ("dead letters' way", "ok: to work-orders-dead-letters"),
        ("dead letters", "ok: none"),
        ("events' queue", "ok: 0 waiting"),
        ("events' dead letters' way", "ok: to work-orders-events-dead-letters"),
        ("events' dead letters", "ok: none"),
        ("unpublished", "ok: none"),
        ("keys", "ok: 1 that work"),
        ("products", "ok: 3 active"),
        ("failed orders", "ok: none"),
    ] {
        assert_eq!(found.get(check).map(String::as_str), Some(wanted), "{check}: {found:?}");
    }
    let table = desk.ops(&["doctor"]).await.done();
    assert!(table.lines().all(|line| line.starts_with("ok ")), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_stuck_is_named() {
    let empty = Desk::empty().await;
    let (code, found) = findings(&empty).await;
    assert_eq!(code, 1);
    assert!(found["keys"].starts_with("wrong: none") && found["products"].starts_with("wrong: none"), "{found:?}");

    let desk = Desk::idle().await;
    let review = desk.submitted("1").await;
    let (code, found) = findings(&desk).await;
    assert_eq!(code, 0, "a payment to review is work, not a fault: {found:?}");
    assert!(found["payments to review"].starts_with("note: 1") && found["payments to review"].contains(&review));

    let approved = desk.submitted("2").await;
    desk.ops(&["orders", "approve", &approved, "--yes"]).await.done();
    assert_eq!(findings(&desk).await.0, 0, "it has just been queued");
    let hours = |hours| chrono::Utc::now() - chrono::Duration::hours(hours);
    let mut late = desk.service.stored(&approved).await;
    (late.queued_at, late.updated_at) = (Some(hours(1)), hours(1));
    desk.service.local.store.save(&mut late).await.unwrap();
    let mut old = desk.service.stored(&review).await;
    old.updated_at = hours(25);
    desk.service.local.store.save(&mut old).await.unwrap();
    let failed = desk.submitted("3").await;
    desk.ops(&["orders", "approve", &failed, "--yes"]).await.done();
    let mut order = desk.service.stored(&failed).await;
    order.change(Status::Failed, "provision", None, chrono::Utc::now()).unwrap();
    desk.service.local.store.save(&mut order).await.unwrap();
    let sqs = desk.service.local.aws.sqs();
    sqs.send_message().queue_url(&desk.service.local.dead_letter_url).message_body("x").send().await.unwrap();
    let (code, found) = findings(&desk).await;
    assert_eq!(code, 1);
    for (check, named) in [
        ("late orders", &approved),
        ("payments to review", &review),
        ("failed orders", &failed),
        ("dead letters", &"1".to_owned()),
    ] {
        assert!(found[check].starts_with("wrong: 1") && found[check].contains(named), "{check}: {found:?}");
    }
    let shown = desk.ops(&["doctor"]).await;
    assert!(shown.code == 1 && shown.err.is_empty() && shown.out.contains("wrong  failed orders"), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_reached_does_not_hide_the_rest() {
    let desk = Desk::open().await;
    let aws = &desk.service.local.aws;
    let mut doctor = command(&["doctor", "--json", "--table", "other"]);
    doctor
        .env("AWS_ENDPOINT_URL_DYNAMODB", aws.dynamodb_endpoint.as_ref().unwrap())
        .env("AWS_ENDPOINT_URL_SQS", aws.sqs_endpoint.as_ref().unwrap())
        .env("AWS_ACCESS_KEY_ID", "x")
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .env("AWS_REGION", "us-east-1")
        .env("QUEUE_URL", &desk.service.local.queue_url)
        .env("DEAD_LETTER_QUEUE_URL", format!("{}-none", desk.service.local.dead_letter_url));
    let ended = end(doctor).await;
    assert_eq!((ended.code, ended.err.as_str()), (1, ""), "{ended:?}");
    let report = ended.json().to_string();
    assert!(report.contains("There is no table other in us-east-1"), "{report}");
    assert!(report.contains("0 waiting") && report.contains("There is no such queue"), "{report}");
    for check in ["events' queue", "events' dead letters", "unpublished"] {
        let found = ended.json()["checks"].as_array().unwrap().iter().find(|it| it["check"] == check).unwrap().clone();
        let detail = found["detail"].as_str().unwrap();
        assert!(found["state"] == "note" && detail.starts_with("not looked at. Give --"), "nobody named it: {found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_wait_or_rest_are_counted() {
    let desk = Desk::idle().await;
    let local = &desk.service.local;
    for (url, bodies) in [(&local.events_url, 2), (&local.events_dead_letter_url, 1), (&local.unpublished_url, 3)] {
        for _ in 0..bodies {
            local.aws.sqs().send_message().queue_url(url).message_body("x").send().await.unwrap();
        }
    }
    let one = local.aws.sqs().receive_message().queue_url(&local.events_url).max_number_of_messages(1);
    one.send().await.unwrap();
    let (code, found) = findings(&desk).await;
    assert_eq!(code, 1);
    assert_eq!(found["events' queue"], "ok: 1 waiting, 1 in work or between attempts");
    assert_eq!(found["events' dead letters"], "wrong: 1 (ops dlq list --queue events, then redrive)");
    assert!(found["unpublished"].starts_with("wrong: 3 (ops dlq list --queue unpublished"), "{found:?}");
    assert_eq!(found["dead letters"], "ok: none");
}
