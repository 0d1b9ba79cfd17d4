//! What an order leaves on a line when it ends without an effect: it must hold nobody up for ever, and undo nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use shared::{
    domain::{
        activation::Activation,
        cart::Intent,
        password::Password,
        provisioner::ProvisionerValues,
        status::{ActivationStatus, Status},
        time::{Timestamp, to_wire},
        work_order::WorkOrder,
    },
    ports::{
        Clock, NoProvisioner, OrderRef, Orders, PortError, Provisioner, ProvisionerAnswer, ProvisionerError,
        QueueMessage,
    },
    use_case::{
        context::Context,
        operator,
        provisioning::{
            provision::{ProvisionOutcome, provision},
            provision_order::give_up,
            sweep::sweep,
        },
    },
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

/// A provisioner that says always the same.
struct Says(Result<ProvisionerAnswer, ProvisionerError>);

impl Provisioner for Says {
    fn is_configured(&self) -> bool {
        true
    }

    async fn send(&self, _: &str, _: &str, _: Timestamp) -> Result<ProvisionerAnswer, ProvisionerError> {
        self.0.clone()
    }
}

fn refuses() -> Says {
    Says(Ok(ProvisionerAnswer::Refused { status: 422, code: Some("limit_reached".into()) }))
}

fn fails() -> Says {
    Says(Err(ProvisionerError {
        cause: PortError::Unavailable("the provisioner: it answered 503".into()),
        retry_after: None,
    }))
}

/// Does what it is told, and its answer is lost.
struct Loses(TestProvisioner);

impl Provisioner for Loses {
    fn is_configured(&self) -> bool {
        true
    }

    async fn send(&self, id: &str, body: &str, at: Timestamp) -> Result<ProvisionerAnswer, ProvisionerError> {
        self.0.send(id, body, at).await?;
        fails().0
    }
}

struct Stage {
    clock: TestClock,
    store: Memory,
    provisioner: TestProvisioner,
    worker: Context<Memory, Memory>,
}

fn stage() -> Stage {
    let (clock, store) = (TestClock::at("2026-11-23 12:00:00"), Memory::default());
    store.put_line(line(321, false, "2026-12-01 00:00:00"));
    Stage {
        worker: worker(store.clone(), store.clone(), clock.clone()),
        provisioner: TestProvisioner::default(),
        clock,
        store,
    }
}

impl Stage {
    async fn renewal(&self, number: u64) -> WorkOrder {
        queued(&self.store, number, vec![item(Intent::Renewal, Some(321), 1)], self.clock.now()).await
    }

    async fn new_line(&self, number: u64) -> WorkOrder {
        queued(&self.store, number, vec![item(Intent::NewActivation, None, 1)], self.clock.now()).await
    }

    fn until(&self) -> String {
        to_wire(line_of(&self.store, 321).expires_at.unwrap())
    }

    fn status(&self, order: &WorkOrder) -> Status {
        order_of(&self.store, order).status()
    }

    fn agrees(&self, line: &Activation) {
        let theirs = self.provisioner.line(line.id.0).expect("the provisioner has it");
        let until = line.expires_at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        assert_eq!(theirs.expires_at, until);
        assert_eq!(theirs.active, line.status == ActivationStatus::Active);
    }
}

#[tokio::test]
async fn a_refusal_fails_the_order_with_its_reason_and_a_retry_sends_the_same_message() {
    let stage = stage();
    let order = queued(
        &stage.store,
        42,
        vec![item(Intent::Renewal, Some(321), 1), item(Intent::NewActivation, None, 1)],
        stage.clock.now(),
    )
    .await;
    let refusing = RefusesCreate(stage.provisioner.clone());
    let batch = deliver(&stage.worker, &refusing, &order, 1).await;
    assert!(batch.again.is_empty(), "what is refused for good is not tried again");
    let failed = order_of(&stage.store, &order);
    assert_eq!(failed.status(), Status::Failed);
    assert_eq!(failed.failure.as_deref(), Some("line 4201: the provisioner refused to create it: 422 limit_reached"));
    assert_eq!(failed.cart[0].linked_usernames, ["tv-line321"]);
    assert_eq!(stage.until(), "2027-01-01 00:00:00");
    let reserved = line_of(&stage.store, 4201).provisioner.reserved.unwrap();
    stage.clock.advance(3_600);
    operator::retry(&stage.worker, "jane", failed).await.unwrap();
    deliver(&stage.worker, &stage.provisioner, &order_of(&stage.store, &order), 1).await;
    assert_eq!(stage.status(&order), Status::Completed);
    assert_eq!(stage.until(), "2027-01-01 00:00:00", "what was done is not done again");
    let bodies = stage.provisioner.bodies();
    assert_eq!(bodies[&reserved.id].iter().collect::<Vec<_>>(), [&reserved.body]);
    assert_eq!(bodies.len(), 2);
    stage.agrees(&line_of(&stage.store, 4201));
}

/// Refuses to make lines.
struct RefusesCreate(TestProvisioner);

impl Provisioner for RefusesCreate {
    fn is_configured(&self) -> bool {
        true
    }

    async fn send(&self, id: &str, body: &str, at: Timestamp) -> Result<ProvisionerAnswer, ProvisionerError> {
        if body.contains(r#""effect":"create""#) { refuses().0 } else { self.0.send(id, body, at).await }
    }
}

#[tokio::test]
async fn another_orders_effect_waits_while_the_first_is_under_way_and_not_for_ever() {
    let stage = stage();
    let (first, second) = (stage.renewal(42).await, stage.renewal(43).await);
    let loses = Loses(stage.provisioner.clone());
    assert_eq!(deliver(&stage.worker, &loses, &first, 1).await.again.len(), 1);
    let batch = deliver(&stage.worker, &stage.provisioner, &second, 1).await;
    assert!(matches!(&batch.reports[0].outcome, ProvisionOutcome::Again { cause, delay } if cause.to_string()
        == "line 321 waits for another order's effect" && *delay == Duration::from_secs(2)));
    assert_eq!(stage.provisioner.bodies().len(), 1);
    // The first is given up: its last delivery.
    deliver(&stage.worker, &loses, &order_of(&stage.store, &first), 10).await;
    assert_eq!(stage.status(&first), Status::Failed);
    assert_eq!(
        order_of(&stage.store, &first).failure.as_deref(),
        Some("gave up after 10 deliveries: the provisioner: it answered 503")
    );
    deliver(&stage.worker, &stage.provisioner, &second, 2).await;
    assert_eq!(stage.status(&second), Status::Completed);
    assert_eq!(stage.until(), "2027-01-01 00:00:00");
    // Tried again, it is computed from what the line has now, under another id.
    operator::retry(&stage.worker, "jane", order_of(&stage.store, &first)).await.unwrap();
    deliver(&stage.worker, &stage.provisioner, &order_of(&stage.store, &first), 1).await;
    assert_eq!(stage.status(&first), Status::Completed);
    assert_eq!(stage.until(), "2027-02-01 00:00:00", "no month is lost");
    stage.agrees(&line_of(&stage.store, 321));
    let bodies = stage.provisioner.bodies();
    assert!(bodies.len() == 3 && bodies.values().all(|bodies| bodies.len() == 1));
}

#[tokio::test]
async fn a_message_that_comes_late_undoes_nothing() {
    let stage = stage();
    let (first, second) = (stage.renewal(42).await, stage.renewal(43).await);
    deliver(&stage.worker, &fails(), &first, 10).await;
    let late = line_of(&stage.store, 321).provisioner.reserved.unwrap();
    deliver(&stage.worker, &stage.provisioner, &second, 1).await;
    let answer = stage.provisioner.send(&late.id, &late.body, stage.clock.now()).await.unwrap();
    assert_eq!(answer, ProvisionerAnswer::Refused { status: 412, code: Some("overtaken".into()) });
    stage.agrees(&line_of(&stage.store, 321));
}

#[tokio::test]
async fn an_effect_after_a_refused_one_of_the_same_order_waits_for_it() {
    let stage = stage();
    let cart = vec![item(Intent::Renewal, Some(321), 1), item(Intent::Renewal, Some(321), 2)];
    let order = queued(&stage.store, 42, cart, stage.clock.now()).await;
    deliver(&stage.worker, &refuses(), &order, 1).await;
    let failed = order_of(&stage.store, &order);
    assert_eq!(
        failed.failure.as_deref(),
        Some(
            "line 321: the provisioner refused to renew it: 422 limit_reached; \
             line 321: an effect of the order before this one is not done"
        )
    );
    operator::retry(&stage.worker, "jane", failed).await.unwrap();
    deliver(&stage.worker, &stage.provisioner, &order_of(&stage.store, &order), 1).await;
    assert_eq!((stage.status(&order), stage.until().as_str()), (Status::Completed, "2027-03-01 00:00:00"));
}

#[tokio::test]
async fn lines_of_a_canceled_order_are_switched_off_at_the_provisioner_too() {
    let stage = stage();
    // Of three lines the provisioner has made one, has been told of the second and never answered, and refused nothing.
    let order = queued(&stage.store, 42, vec![item(Intent::NewActivation, None, 3)], stage.clock.now()).await;
    // Read the order; reserve, call and mark; reserve, call.
    let steps = Steps::with(At::After(5), Event::Crash);
    let stepped = Stepped { inner: stage.store.clone(), steps: steps.clone() };
    let provisioner = Stepped { inner: stage.provisioner.clone(), steps };
    deliver(&worker(stepped.clone(), stepped, stage.clock.clone()), &provisioner, &order, 1).await;
    assert_eq!(line_of(&stage.store, 4201).status, ActivationStatus::Active);
    assert_eq!(line_of(&stage.store, 4202).status, ActivationStatus::Reserved);
    assert!(stage.provisioner.line(4202).unwrap().active, "the provisioner serves it, and nobody knows");
    give_up(&stage.worker, (&order).into(), "for the test").await.unwrap();
    stage.store.take_sent();
    let canceled = operator::cancel(&stage.worker, "jane", order_of(&stage.store, &order), "asked to").await.unwrap();
    assert_eq!(stage.store.take_sent(), [(&order).into()], "the consumer is to tell the provisioner");
    for id in [4201, 4202] {
        assert_eq!(line_of(&stage.store, id).status, ActivationStatus::Suspended, "here it is off at once");
    }
    // The provisioner is down at first.
    assert_eq!(deliver(&stage.worker, &fails(), &canceled, 1).await.again.len(), 1);
    deliver(&stage.worker, &stage.provisioner, &canceled, 2).await;
    for id in [4201, 4202] {
        assert!(!stage.provisioner.line(id).unwrap().active);
        let line = line_of(&stage.store, id);
        assert!(line.provisioner.reserved.is_none());
        // Whoever switches it on again must find it there by the names that the provisioner has for it.
        assert_eq!(line.username, Some(format!("tv-line{id}")));
        assert_eq!(line.provisioner.external_id, Some(format!("panel-{id}")));
    }
    let bodies = stage.provisioner.bodies();
    assert!(bodies.values().all(|bodies| bodies.len() == 1));
    // Again, nothing is told; and what was told late does not switch it on.
    let told = stage.provisioner.done().len();
    operator::cancel(&stage.worker, "jane", order_of(&stage.store, &order), "again").await.unwrap();
    assert!(stage.store.take_sent().is_empty());
    deliver(&stage.worker, &stage.provisioner, &canceled, 1).await;
    assert_eq!(stage.provisioner.done().len(), told);
    assert_eq!(stage.status(&order), Status::Canceled);
}

#[tokio::test]
async fn a_cancellation_whose_message_was_lost_is_told_by_the_sweep() {
    let stage = stage();
    // The provisioner makes one line; the other is not there to be renewed.
    let cart = vec![item(Intent::NewActivation, None, 1), item(Intent::Renewal, Some(999), 1)];
    let order = queued(&stage.store, 42, cart, stage.clock.now()).await;
    deliver(&stage.worker, &stage.provisioner, &order, 1).await;
    assert_eq!(stage.status(&order), Status::Failed);
    operator::cancel(&stage.worker, "jane", order_of(&stage.store, &order), "asked to").await.unwrap();
    let name = OrderRef::from(&order);
    assert!(stage.store.take_sent().contains(&name), "this message is lost");
    stage.clock.advance(60);
    assert_eq!(sweep(&stage.worker).await.unwrap().resent, 1);
    assert_eq!(stage.store.take_sent(), [name]);
    deliver(&stage.worker, &stage.provisioner, &order_of(&stage.store, &order), 1).await;
    assert!(!stage.provisioner.line(4201).unwrap().active);
    // That was all: nobody sends it again.
    stage.clock.advance(3_600);
    assert_eq!(sweep(&stage.worker).await.unwrap().resent, 0);
    assert!(order_of(&stage.store, &order).open_as().is_none());
}

#[tokio::test]
async fn what_a_provisioner_refuses_to_switch_off_is_noted() {
    let stage = stage();
    let order = stage.new_line(42).await;
    deliver(&stage.worker, &fails(), &order, 10).await;
    let canceled = operator::cancel(&stage.worker, "jane", order_of(&stage.store, &order), "asked to").await.unwrap();
    // The provisioner never had it.
    let batch = deliver(&stage.worker, &stage.provisioner, &canceled, 1).await;
    assert!(batch.again.is_empty());
    let notes = order_of(&stage.store, &order);
    let last = notes.history().last().unwrap();
    assert_eq!(last.note.as_deref(), Some("line 4201: the provisioner refused to suspend it: 404"));
    assert_eq!((last.from, last.to), (Some(Status::Canceled), Status::Canceled));
    assert!(line_of(&stage.store, 4201).provisioner.reserved.is_none());
}

#[tokio::test]
async fn an_order_canceled_under_a_consumer_with_a_provisioner_ends_suspended_on_both_sides() {
    // Held up at each step, while it is given up and canceled.
    for step in 0..4 {
        let stage = stage();
        let order = stage.new_line(42).await;
        let (waits, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let steps = Steps::with(At::After(step), Event::Wait(waits.clone(), go.clone()));
        let stepped = Stepped { inner: stage.store.clone(), steps: steps.clone() };
        let provisioner = Stepped { inner: stage.provisioner.clone(), steps };
        let slow = worker(stepped.clone(), stepped, stage.clock.clone());
        let (held, canceler) = (order.clone(), async {
            waits.acquire().await.unwrap().forget();
            give_up(&stage.worker, (&order).into(), "for the test").await.unwrap();
            let failed = stage.store.order(order.uuid).await.unwrap().unwrap();
            operator::cancel(&stage.worker, "jane", failed, "asked to").await.unwrap();
            go.add_permits(1);
        });
        tokio::join!(deliver(&slow, &provisioner, &held, 1), canceler);
        // Whatever was sent, and the delivery that was held up, come again.
        deliver(&stage.worker, &stage.provisioner, &order, 2).await;
        assert_eq!(stage.status(&order), Status::Canceled, "{step}");
        if let Some(line) = stage.store.all_lines().into_iter().find(|line| line.id.0 == 4201) {
            assert_eq!(line.status, ActivationStatus::Suspended, "{step}");
            assert!(line.provisioner.reserved.is_none(), "{step}");
            assert!(stage.provisioner.line(4201).is_none_or(|line| !line.active), "{step}");
        }
    }
}

#[tokio::test]
async fn where_the_provisioner_setting_is_removed_what_was_begun_is_finished_here() {
    let stage = stage();
    let (renewal, new) = (stage.renewal(42).await, stage.new_line(43).await);
    for order in [&renewal, &new] {
        deliver(&stage.worker, &fails(), order, 1).await;
        deliver(&stage.worker, &NoProvisioner, order, 2).await;
        assert_eq!(stage.status(order), Status::Completed);
    }
    assert_eq!(stage.until(), "2027-01-01 00:00:00");
    assert_eq!(line_of(&stage.store, 4301).status, ActivationStatus::Active);
}

#[tokio::test]
async fn a_provisioner_may_put_the_next_call_off_but_not_for_ever() {
    for (asked, given) in [(1, 2), (90, 90), (86_400, 900)] {
        let stage = stage();
        let order = stage.new_line(42).await;
        let fault = ProvisionerError {
            cause: PortError::Unavailable("the provisioner: it answered 429".into()),
            retry_after: Some(Duration::from_secs(asked)),
        };
        let batch = deliver(&stage.worker, &Says(Err(fault)), &order, 1).await;
        let ProvisionOutcome::Again { delay, .. } = batch.reports[0].outcome else { panic!("{batch:?}") };
        assert_eq!(delay, Duration::from_secs(given));
        let next = order_of(&stage.store, &order).next_attempt_at.unwrap();
        assert_eq!((next - stage.clock.now()).num_seconds(), i64::try_from(given).unwrap(), "the sweep waits too");
    }
}

#[tokio::test]
async fn no_call_is_begun_that_the_invocation_may_not_live_to_see_answered() {
    for (left, calls) in [(6_999, 0), (7_000, 1)] {
        let stage = stage();
        let order = stage.new_line(42).await;
        let delivery =
            QueueMessage { message_id: "1".into(), receipt: "1".into(), body: Some((&order).into()), count: 1 };
        provision(&stage.worker, &stage.provisioner, vec![delivery], &|| Duration::from_millis(left)).await;
        assert_eq!(stage.provisioner.bodies().len(), calls, "{left} ms");
    }
    // Reserving took long.
    let stage = stage();
    let order = stage.new_line(42).await;
    let looked = AtomicUsize::new(0);
    let time_left = || match looked.fetch_add(1, Ordering::SeqCst) {
        0 => Duration::from_secs(7),
        _ => Duration::from_millis(5_999),
    };
    let delivery = QueueMessage { message_id: "1".into(), receipt: "1".into(), body: Some((&order).into()), count: 1 };
    let batch = provision(&stage.worker, &stage.provisioner, vec![delivery], &time_left).await;
    assert_eq!(batch.again.len(), 1);
    assert!(stage.provisioner.bodies().is_empty());
    assert_eq!(line_of(&stage.store, 4201).status, ActivationStatus::Reserved);
}

#[tokio::test]
async fn a_provisioners_own_names_are_the_lines() {
    let stage = stage();
    let order = stage.new_line(42).await;
    let said = ProvisionerValues {
        username: Some("anna".into()),
        password: Some("theirs".into()),
        host: Some("tv.example.com".into()),
        external_id: Some("77".into()),
    };
    deliver(&stage.worker, &Says(Ok(ProvisionerAnswer::Done(said))), &order, 1).await;
    let line = line_of(&stage.store, 4201);
    assert_eq!(line.username.as_deref(), Some("anna"));
    assert_eq!(line.password.as_ref().map(Password::reveal), Some("theirs"));
    assert_eq!(
        (line.provisioner.host.as_deref(), line.provisioner.external_id.as_deref()),
        (Some("tv.example.com"), Some("77"))
    );
    assert_eq!(order_of(&stage.store, &order).cart[0].linked_usernames, ["anna"]);
    // 409 and an empty answer: as it was sent.
    let order = stage.new_line(43).await;
    deliver(&stage.worker, &Says(Ok(ProvisionerAnswer::Done(ProvisionerValues::default()))), &order, 1).await;
    assert_eq!(line_of(&stage.store, 4301).username.as_deref(), Some("line4301"));
}
