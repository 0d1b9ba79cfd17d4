//! Every step of complete_order and of provisioning made to fail in turn: before it took effect, after it took effect but
//! before it was known; once, so that the SDK's own retry meets what it did, and for good, so that the request or the
//! delivery fails. Clients retry, the queue redelivers, the sweep runs. The faults are put into the HTTP connector: the code
//! that runs is the code that ships.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use support::{
    clock::TestClock,
    depth,
    faults::Fault,
    service::{TestService, paid_cart, with},
};

/// A cart with every kind of effect.
fn cart() -> Value {
    with(
        &paid_cart("1001"),
        json!({ "payment_amount": 76.47, "items": [
            { "product_id": 1, "intent": "new_activation", "qty": 2 },
            { "product_id": 1, "intent": "renewal", "activation_id": 321 },
            { "product_id": 2, "intent": "trial_upgrade", "activation_id": 45 },
        ] }),
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Request,
    Delivery,
}

/// One fault: at the `step`th call of the phase, of this kind, for so many attempts.
#[derive(Debug, Clone, Copy)]
struct Case {
    phase: Phase,
    step: usize,
    fault: Fault,
    attempts: usize,
}

async fn start() -> (TestClock, TestService) {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = TestService::by_hand(&clock).await;
    (clock, service)
}

/// Runs the whole way with one fault and looks at what is there in the end.
async fn run(case: Case) {
    let (clock, service) = start().await;
    let met = Arc::new(AtomicBool::new(false));
    let inject = |service: &TestService| {
        let (mut step, mut left, mut hit) = (0, case.attempts, None::<String>);
        let met = met.clone();
        service.http.plan(move |call| {
            let wanted = hit.as_ref().map_or(step == case.step, |name| *name == call.name());
            step += 1;
            if wanted && left > 0 {
                left -= 1;
                hit = Some(call.name());
                met.store(true, Ordering::Relaxed);
                return case.fault;
            }
            Fault::None
        });
    };
    if case.phase == Phase::Request {
        inject(&service);
    }
    // As the plugin does: the same body again while the answer is not final.
    let mut answer = service.post("complete_order", &cart()).await;
    for _ in 0..3 {
        if answer.status == 200 {
            break;
        }
        assert_eq!(answer.status, 503, "{case:?}: {}", answer.text);
        assert!(answer.headers.contains_key("retry-after"), "{case:?}");
        answer = service.post("complete_order", &cart()).await;
    }
    let reference = answer.data()["reference_code"].as_str().unwrap().to_owned();
    if case.phase == Phase::Delivery {
        inject(&service);
    }
    service.drain().await;
    service.http.heal();
    assert!(met.load(Ordering::Relaxed), "{case:?} met nothing");
    // Before time passes, which would drop numbers that are held: one that is used is never given again.
    let next = shared::ports::Numbers::take(&service.local.store).await.unwrap();
    assert_ne!(answer.data()["work_order_id"], next.0, "{case:?}");
    for _ in 0..3 {
        // Whoever waits, waits at most 90 seconds.
        clock.advance(60);
        service.local.functions.sweep().await.expect("a sweep");
        service.drain().await;
    }
    let again = service.post("complete_order", &cart()).await;
    assert_eq!(again.text, answer.text, "{case:?}: the reply still stands");

    let order = service.order(&reference, "john@example.com").await;
    assert_eq!(order["status"], "completed", "{case:?}: {order}");
    let number = answer.data()["work_order_id"].as_u64().unwrap();
    let made = [number * 100 + 1, number * 100 + 2].map(|id| format!("line{id}")).join(", ");
    assert_eq!(order["cart"][0]["linked_username"], made, "{case:?}");
    assert_eq!(order["cart"][1]["linked_username"], "line321", "{case:?}");
    assert_eq!(order["cart"][2]["linked_username"], "line45", "{case:?}");
    assert_eq!(order["payment_history"].as_array().unwrap().len(), 1, "{case:?}");
    assert_eq!(service.items_of("order").await.len(), 1, "{case:?}");
    assert_eq!(service.items_of("number").await.len(), 1, "{case:?}");
    assert_eq!(service.items_of("line").await.len(), 4, "{case:?}");
    let expires = |line: &support::service::Item| support::service::text(line, "expires_at");
    assert_eq!(expires(&service.line(321).await.unwrap()), "2027-01-01T00:00:00Z", "{case:?}: one month");
    assert_eq!(expires(&service.line(45).await.unwrap()), "2027-02-23T12:00:00Z", "{case:?}: three months from now");
    assert!(service.items().await.values().all(|item| !item.contains_key("open_key")), "{case:?}: nothing is open");
    assert!(service.receive(&service.local.queue_url).await.is_empty(), "{case:?}");
}

/// Every step of both phases meets each of these faults, for one attempt and for all that the SDK makes. How many steps
/// there are is counted, not written down.
async fn every_step_meets(faults: &[Fault]) {
    let (_, service) = start().await;
    service.post("complete_order", &cart()).await.data();
    let request = service.http.take_calls().len();
    service.drain().await;
    let delivery = service.http.take_calls().len();
    assert!(request >= 5 && delivery >= 7, "{request} and {delivery} steps");
    let mut cases = Vec::new();
    for (phase, steps) in [(Phase::Request, request), (Phase::Delivery, delivery)] {
        for step in 0..steps {
            for fault in faults {
                for attempts in [1, 3] {
                    cases.push(Case { phase, step, fault: *fault, attempts });
                }
            }
        }
    }
    assert_eq!(cases.len(), (request + delivery) * faults.len() * 2);
    // Fewer than a step has, and with no divisor in common: each step is met, and each fault.
    let stride = if faults.len() == 4 { 7 } else { 11 };
    stream::iter(depth::every(cases, stride))
        .map(|case| tokio::spawn(run(case)))
        .buffer_unordered(8)
        .for_each(|done| async { done.unwrap() })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_may_fail_and_nothing_is_lost_or_doubled() {
    every_step_meets(&[Fault::Before, Fault::After, Fault::Throttled, Fault::Broken]).await;
}

/// What the embedded store and queue never show.
#[tokio::test(flavor = "multi_thread")]
async fn what_only_aws_shows_loses_and_doubles_nothing() {
    let refused = [Fault::OverThroughput, Fault::Conflict, Fault::TimedOutBefore];
    let done = [Fault::TimedOutAfter, Fault::Reset, Fault::Slow, Fault::Half];
    every_step_meets(&[&refused[..], &done[..]].concat()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_sent_is_the_sweeps() {
    let (clock, service) = start().await;
    service.http.plan(|call| if call.operation == "SendMessage" { Fault::Before } else { Fault::None });
    let reply = service.post("complete_order", &paid_cart("1001")).await.data();
    service.http.heal();
    assert!(service.receive(&service.local.queue_url).await.is_empty());
    clock.advance(29);
    service.local.functions.sweep().await.unwrap();
    assert!(service.receive(&service.local.queue_url).await.is_empty(), "it may still be under way");
    clock.advance(61);
    service.local.functions.sweep().await.unwrap();
    service.drain().await;
    let order = service.order(reply["reference_code"].as_str().unwrap(), "john@example.com").await;
    assert_eq!(order["status"], "completed", "within 90 seconds");
}
