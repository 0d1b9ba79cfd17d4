//! Every step of what is done to an order that waits for its payment, and of the sweep, meets faults in turn, as in `faults`:
//! once, and for as long as the SDK tries. Clients send again; in the end there is what one good request makes.

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
    service::{Answer, TestService, paid_cart, with, without},
};

/// Those that the code can tell apart: `faults` has each of them all.
const FAULTS: [Fault; 4] = [Fault::Before, Fault::After, Fault::OverThroughput, Fault::Half];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Create,
    Submit,
    ByToken,
    /// Under an `Idempotency-Key`, which is bound.
    ByTokenOnce,
    /// A part payment that has no name.
    Part,
    CompletePending,
    /// An order whose message is lost.
    Sweep,
}

impl Action {
    /// What the order is in the end, what was paid, and how many lines there are besides the catalogue's two.
    fn outcome(self) -> (u16, &'static str, Value, usize) {
        match self {
            Self::Create => (200, "pending_payment", json!([]), 0),
            Self::Submit => (200, "payment_submitted", json!([4]), 0),
            Self::Part => (422, "payment_submitted", json!([4]), 0),
            Self::ByToken | Self::ByTokenOnce | Self::CompletePending | Self::Sweep => {
                (200, "completed", json!([9.99]), 1)
            }
        }
    }

    async fn send(self, service: &TestService, order: &Value) -> Answer {
        let token = json!({ "confirmation_token": order["confirmation_token"] });
        let key = [("Idempotency-Key", "key-1")];
        match self {
            Self::Create => service.post("create_work_order", &waiting()).await,
            Self::Submit => {
                let paid = json!({ "amount": 4, "payment_transaction_id": "V1" });
                service.post("submit_payment", &with(&token, paid)).await
            }
            Self::ByToken => {
                let paid = json!({ "payment_transaction_id": "pi_1", "payment_amount": 9.99 });
                service.post("complete_order", &with(&token, paid)).await
            }
            Self::ByTokenOnce => service.post_with("complete_order", &key, &token).await,
            Self::Part => service.post("complete_order", &with(&token, json!({ "payment_amount": 4 }))).await,
            Self::CompletePending => {
                let path = format!("/dev/v1/orders/{}/complete", order["reference_code"].as_str().unwrap());
                service.shoppex("POST", &path, &key, "").await
            }
            Self::Sweep => unreachable!("it is no request"),
        }
    }
}

fn waiting() -> Value {
    let cart = without(&without(&paid_cart("1001"), "payment_amount"), "payment_transaction_id");
    with(&cart, json!({ "status": "pending_payment" }))
}

#[derive(Debug, Clone, Copy)]
struct Case {
    action: Action,
    step: usize,
    fault: Fault,
    attempts: usize,
}

/// A service with the order that the action is about.
async fn start(action: Action) -> (TestClock, TestService, Value) {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = TestService::by_hand(&clock).await;
    let order = match action {
        Action::Create => Value::Null,
        Action::Sweep => {
            let order = service.post("complete_order", &paid_cart("1001")).await.data();
            service.receive(&service.local.queue_url).await;
            clock.advance(100);
            order
        }
        _ => service.created(&waiting()).await,
    };
    service.http.take_calls();
    (clock, service, order)
}

async fn run(case: Case) {
    let (clock, service, order) = start(case.action).await;
    let met = Arc::new(AtomicBool::new(false));
    let (mut step, mut left, mut hit, meets) = (0, case.attempts, None::<String>, met.clone());
    service.http.plan(move |call| {
        let wanted = hit.as_ref().map_or(step == case.step, |name| *name == call.name());
        step += 1;
        if wanted && left > 0 {
            left -= 1;
            hit = Some(call.name());
            meets.store(true, Ordering::Relaxed);
            return case.fault;
        }
        Fault::None
    });
    let (status, state, paid, lines) = case.action.outcome();
    let mut reference = order["reference_code"].as_str().map(str::to_owned);
    if case.action == Action::Sweep {
        // A run that fails is followed by another.
        let _failed = service.local.functions.sweep().await;
    } else {
        let mut answer = case.action.send(&service, &order).await;
        for _ in 0..3 {
            if answer.status != 503 {
                break;
            }
            assert!(answer.headers.contains_key("retry-after"), "{case:?}");
            answer = case.action.send(&service, &order).await;
        }
        assert_eq!(answer.status, status, "{case:?}: {}", answer.text);
        let again = case.action.send(&service, &order).await;
        assert_eq!((again.status, &again.text), (answer.status, &answer.text), "{case:?}: the reply still stands");
        reference = reference.or_else(|| answer.data()["reference_code"].as_str().map(str::to_owned));
    }
    assert!(met.load(Ordering::Relaxed), "{case:?} met nothing");
    service.http.heal();
    service.drain().await;
    for _ in 0..3 {
        clock.advance(100);
        service.local.functions.sweep().await.expect("a sweep");
        service.drain().await;
    }
    let order = service.order(&reference.unwrap(), "john@example.com").await;
    assert_eq!(order["status"], state, "{case:?}");
    let amounts: Value =
        order["payment_history"].as_array().unwrap().iter().map(|paid| paid["amount"].clone()).collect();
    assert_eq!(amounts, paid, "{case:?}");
    let count = async |kind: &str| service.items_of(kind).await.len();
    assert_eq!((count("order").await, count("number").await, count("line").await), (1, 1, 2 + lines), "{case:?}");
    let open = service.items().await.values().any(|item| item.contains_key("open_key"));
    assert_eq!(open, state == "payment_submitted", "{case:?}: listed while somebody is to act on it");
    assert!(service.receive(&service.local.queue_url).await.is_empty(), "{case:?}");
}

async fn every_step_may_fail(action: Action) {
    let (_, service, order) = start(action).await;
    if action == Action::Sweep {
        service.local.functions.sweep().await.unwrap();
    } else {
        action.send(&service, &order).await;
    }
    let steps = service.http.take_calls().len();
    assert!(steps >= 2, "{action:?}: {steps} steps");
    let mut cases = Vec::new();
    for step in 0..steps {
        for fault in FAULTS {
            cases.extend([1, 3].map(|attempts| Case { action, step, fault, attempts }));
        }
    }
    // Fewer than the eight of a step: each is met, and each fault.
    stream::iter(depth::every(cases, 7))
        .map(|case| tokio::spawn(run(case)))
        .buffer_unordered(8)
        .for_each(|done| async { done.unwrap() })
        .await;
}

/// A test for each action, in which nothing is lost or doubled.
macro_rules! every_step_may_fail {
    ($($name:ident: $action:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            every_step_may_fail(Action::$action).await;
        }
    )+};
}

every_step_may_fail! {
    every_step_of_create_work_order_may_fail: Create,
    every_step_of_submit_payment_may_fail: Submit,
    every_step_of_a_completion_by_token_may_fail: ByToken,
    every_step_of_a_completion_by_token_under_a_header_may_fail: ByTokenOnce,
    every_step_of_a_part_payment_may_fail: Part,
    every_step_of_a_completion_by_shoppex_may_fail: CompletePending,
    every_step_of_the_sweep_may_fail: Sweep,
}
