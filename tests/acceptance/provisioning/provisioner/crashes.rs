//! Every step of a delivery with a provisioner (read, reserve, call, mark, finish) ended before and after it took effect; and every
//! step held up while another consumer does the whole order.

use std::{sync::Arc, time::Duration};

use shared::{
    domain::{
        cart::{CartItem, Intent},
        ids::ActivationId,
        password::Password,
        status::{ActivationStatus, Status},
        time::to_wire,
        work_order::WorkOrder,
    },
    ports::{Activations, Clock},
};
use support::{
    clock::TestClock,
    memory::Memory,
    orders::{item, line, queued},
    provisioner::TestProvisioner,
    steps::{At, Event, Stepped, Steps},
};
use tokio::sync::Semaphore;

use super::{deliver, line_of, order_of, worker};

const RENEWED: u64 = 321;
const TRIAL: u64 = 45;

/// Every kind of effect, and two of them on one line.
fn cart() -> Vec<CartItem> {
    vec![
        item(Intent::NewActivation, None, 2),
        item(Intent::Renewal, Some(RENEWED), 1),
        item(Intent::TrialUpgrade, Some(TRIAL), 1),
        item(Intent::Renewal, Some(RENEWED), 2),
    ]
}

async fn start() -> (TestClock, Memory, TestProvisioner, WorkOrder) {
    let (clock, store, provisioner) =
        (TestClock::at("2026-11-23 12:00:00"), Memory::default(), TestProvisioner::default());
    store.put_line(line(RENEWED, false, "2026-12-01 00:00:00"));
    store.put_line(line(TRIAL, true, "2026-11-24 00:00:00"));
    let order = queued(&store, 42, cart(), clock.now()).await;
    (clock, store, provisioner, order)
}

/// All is done, once, here and at the provisioner, and they agree.
fn check(store: &Memory, provisioner: &TestProvisioner, order: &WorkOrder, at: &str) {
    let stored = order_of(store, order);
    assert_eq!(stored.status(), Status::Completed, "{at}");
    assert_eq!(stored.history().len(), 2, "{at}");
    let names: Vec<_> = stored.cart.iter().map(|line| line.linked_usernames.join(", ")).collect();
    assert_eq!(names, ["tv-line4201, tv-line4202", "tv-line321", "tv-line45", "tv-line321"], "{at}");
    for (id, until) in [
        (4201, "2026-12-23 12:00:00"),
        (4202, "2026-12-23 12:00:00"),
        (RENEWED, "2027-03-01 00:00:00"),
        (TRIAL, "2026-12-23 12:00:00"),
    ] {
        let line = line_of(store, id);
        assert_eq!(to_wire(line.expires_at.unwrap()), until, "{at}: line {id}");
        assert_eq!((line.status, line.is_trial), (ActivationStatus::Active, false), "{at}: line {id}");
        assert!(line.provisioner.reserved.is_none() && line.provisioner.notified, "{at}: line {id}");
        assert_eq!(line.provisioner.external_id.as_deref(), Some(format!("panel-{id}").as_str()), "{at}");
        let theirs = provisioner.line(id).unwrap();
        let shown = line.expires_at.unwrap().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        assert_eq!(theirs.expires_at.as_deref(), Some(shown.as_str()), "{at}: line {id}");
        assert_eq!(Some(theirs.username), line.username, "{at}: line {id}");
    }
    assert_eq!(
        provisioner.line(4201).unwrap().password.as_deref(),
        line_of(store, 4201).password.as_ref().map(Password::reveal)
    );
    assert_eq!(store.all_lines().len(), 4, "{at}");
    let bodies = provisioner.bodies();
    assert_eq!(bodies.len(), 5, "{at}: one message an effect");
    assert!(bodies.values().all(|bodies| bodies.len() == 1), "{at}: a message has one body");
}

/// A delivery with this event in it.
async fn stepped(
    clock: &TestClock,
    store: &Memory,
    provisioner: &TestProvisioner,
    order: &WorkOrder,
    count: u32,
    steps: &Steps,
) {
    let store = Stepped { inner: store.clone(), steps: steps.clone() };
    let provisioner = Stepped { inner: provisioner.clone(), steps: steps.clone() };
    deliver(&worker(store.clone(), store, clock.clone()), &provisioner, order, count).await;
}

async fn steps_of_a_delivery() -> usize {
    let (clock, store, provisioner, order) = start().await;
    let steps = Steps::undisturbed();
    stepped(&clock, &store, &provisioner, &order, 1, &steps).await;
    check(&store, &provisioner, &order, "undisturbed");
    steps.taken()
}

fn points(steps: usize) -> impl Iterator<Item = At> {
    (0..steps).flat_map(|step| [At::Before(step), At::After(step)])
}

#[tokio::test]
async fn a_delivery_may_end_at_any_step() {
    let steps = steps_of_a_delivery().await;
    // The order and the lines that are named; reserve, call and mark five times; the order.
    assert_eq!(steps, 18);
    for at in points(steps) {
        let (clock, store, provisioner, order) = start().await;
        let first = Steps::with(at, Event::Crash);
        stepped(&clock, &store, &provisioner, &order, 1, &first).await;
        assert!(first.taken() > 0);
        clock.advance(2);
        stepped(&clock, &store, &provisioner, &order, 2, &Steps::undisturbed()).await;
        check(&store, &provisioner, &order, &format!("{at:?}"));
    }
}

#[tokio::test]
async fn two_deliveries_may_end_at_any_two_steps() {
    let steps = steps_of_a_delivery().await;
    for at in points(steps) {
        // The first effect again, and the ones after: all pairs would tell no more than these.
        for second in [At::After(2), At::Before(4), At::After(5), At::After(7)] {
            let (clock, store, provisioner, order) = start().await;
            stepped(&clock, &store, &provisioner, &order, 1, &Steps::with(at, Event::Crash)).await;
            stepped(&clock, &store, &provisioner, &order, 2, &Steps::with(second, Event::Crash)).await;
            stepped(&clock, &store, &provisioner, &order, 3, &Steps::undisturbed()).await;
            check(&store, &provisioner, &order, &format!("{at:?}, {second:?}"));
        }
    }
}

#[tokio::test]
async fn a_delivery_may_be_overtaken_at_any_step() {
    for at in points(steps_of_a_delivery().await) {
        let (clock, store, provisioner, order) = start().await;
        let (waits, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let slow = Steps::with(at, Event::Wait(waits.clone(), go.clone()));
        let first = {
            let (clock, store, provisioner, order) = (clock.clone(), store.clone(), provisioner.clone(), order.clone());
            tokio::spawn(async move { stepped(&clock, &store, &provisioner, &order, 1, &slow).await })
        };
        waits.acquire().await.unwrap().forget();
        stepped(&clock, &store, &provisioner, &order, 2, &Steps::undisturbed()).await;
        go.add_permits(1);
        tokio::time::timeout(Duration::from_secs(10), first).await.unwrap().unwrap();
        // The one that was overtaken may have been told to come again.
        stepped(&clock, &store, &provisioner, &order, 3, &Steps::undisturbed()).await;
        check(&store, &provisioner, &order, &format!("{at:?}"));
    }
}

/// A line that is only reserved is nobody's, at whatever step it stays so.
#[tokio::test]
async fn what_is_only_reserved_serves_nobody() {
    let (clock, store, provisioner, order) = start().await;
    // The order and its lines are read, the first line is reserved; the call does not come through.
    stepped(&clock, &store, &provisioner, &order, 1, &Steps::with(At::Before(3), Event::Crash)).await;
    let line = line_of(&store, 4201);
    assert_eq!(line.status, ActivationStatus::Reserved);
    assert!(!line.exists() && line.provisioner.reserved.is_some() && !line.provisioner.notified);
    assert!(order_of(&store, &order).cart.iter().all(|line| line.linked_usernames.is_empty()));
    assert!(provisioner.bodies().is_empty());
    let stored = store.lines(&[ActivationId(4201)].into()).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert!(
        !format!("{line:?}{:?}", line.provisioner).contains(line.password.as_ref().unwrap().reveal()),
        "nothing private"
    );
}
