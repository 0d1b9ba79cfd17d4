//! A thousand orders (by `TEST_DEPTH=full`) against a provisioner that misbehaves at every fifth call, in every way that a provisioner can.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use shared::{
    domain::{
        cart::Intent,
        ids::ActivationId,
        status::{ActivationStatus, Status},
        work_order::WorkOrder,
    },
    outbound::provisioner::HttpProvisioner,
    ports::{Deliveries, OrderRef, PortError, QueueMessage, SystemClock},
    use_case::{
        context::Context,
        provisioning::provision::{ProvisionOutcome, provision},
    },
};
use support::{
    depth,
    memory::Memory,
    orders::{item, line, queued},
    provisioner::{Manner, ProvisionerServer},
};

use super::worker;

/// How many orders there are.
fn count() -> u64 {
    depth::of(1_000, 300)
}

/// Lines that were there before: each is renewed by two orders, at the same time.
fn lines() -> u64 {
    depth::of(100, 30)
}

/// Consumers at once.
const CONSUMERS: usize = 12;

/// The queue: messages by the second at which they are due, without waiting for it. So back-offs are as they are, and take
/// no time.
#[derive(Clone, Default)]
struct Queue(Arc<Mutex<HashMap<String, u64>>>);

impl Deliveries for Queue {
    async fn postpone(&self, receipt: &str, delay: Duration) -> Result<(), PortError> {
        self.0.lock().unwrap().insert(receipt.to_owned(), delay.as_secs());
        Ok(())
    }
}

/// Whatever a provisioner can do wrong, by turns; one call in five. Each 50th order's making is refused for good.
fn plan() -> impl FnMut(&str) -> Manner + Send {
    const WRONG: [Manner; 12] = [
        Manner::Fails(500),
        Manner::DoesAndFails(502),
        Manner::Hangs,
        Manner::AnswersTwice,
        Manner::SaysTooLittle,
        Manner::Dies,
        Manner::Closes,
        Manner::SaysTooMuch,
        Manner::AnswersTooMuch,
        Manner::Babbles,
        Manner::Redirects,
        Manner::DoesAndFails(429),
    ];
    let mut call = 0;
    move |_| {
        call += 1;
        if call % 5 == 0 { WRONG[call / 5 % WRONG.len()] } else { Manner::Well }
    }
}

async fn orders(store: &Memory) -> Vec<WorkOrder> {
    for id in 1..=lines() {
        store.put_line(line(id, id.is_multiple_of(4), "2026-12-01 00:00:00"));
    }
    let now = chrono::Utc::now();
    let mut orders = Vec::new();
    let renewals = 2 * lines();
    for index in 0..count() {
        let id = index % lines() + 1;
        let intent = if id.is_multiple_of(4) { Intent::TrialUpgrade } else { Intent::Renewal };
        let cart = match index {
            // Two on each line; every tenth with a new line too.
            _ if index < renewals && index.is_multiple_of(10) => {
                vec![item(intent, Some(id), 1), item(Intent::NewActivation, None, 1)]
            }
            _ if index < renewals => vec![item(intent, Some(id), 1)],
            _ if index.is_multiple_of(7) => vec![item(Intent::NewActivation, None, 3)],
            _ => vec![item(Intent::NewActivation, None, 1)],
        };
        orders.push(queued(store, 1_000 + index, cart, now).await);
    }
    orders
}

/// What came of working the queue off.
#[derive(Default)]
struct Run {
    deliveries: usize,
    /// Of back-off, one delivery after the other.
    seconds: u64,
    /// How often an order was said to have ended.
    ends: BTreeMap<String, usize>,
}

/// Works off the orders' messages as the queue would deliver them.
async fn work_off(
    worker: &Context<Memory, Queue>,
    provisioner: &HttpProvisioner,
    queue: &Queue,
    orders: &[WorkOrder],
) -> Run {
    let mut due: BTreeMap<u64, Vec<(OrderRef, u32)>> = BTreeMap::new();
    due.insert(0, orders.iter().map(|order| (order.into(), 1)).collect());
    let mut run = Run::default();
    while let Some((second, messages)) = due.pop_first() {
        run.seconds = second;
        run.deliveries += messages.len();
        let batches: Vec<Vec<_>> = messages.chunks(10).map(<[_]>::to_vec).collect();
        let work = batches.into_iter().map(|messages| {
            let (worker, provisioner) = (worker.clone(), provisioner.clone());
            async move {
                let begun = Instant::now();
                let time_left = || Duration::from_secs(30).saturating_sub(begun.elapsed());
                let delivery = |(name, count): &(OrderRef, u32)| QueueMessage {
                    message_id: name.order.to_string(),
                    receipt: name.order.to_string(),
                    body: Some(*name),
                    count: *count,
                };
                let batch = provision(&worker, &provisioner, messages.iter().map(delivery).collect(), &time_left).await;
                (messages, batch)
            }
        });
        let mut work = stream::iter(work).buffer_unordered(CONSUMERS);
        while let Some((messages, batch)) = work.next().await {
            for report in &batch.reports {
                if matches!(report.outcome, ProvisionOutcome::Completed { .. } | ProvisionOutcome::Failed { .. }) {
                    *run.ends.entry(report.reference.clone().unwrap()).or_default() += 1;
                }
            }
            for (name, count) in messages {
                if batch.again.contains(&name.order.to_string()) && count < 10 {
                    let delay = queue.0.lock().unwrap()[&name.order.to_string()];
                    due.entry(second + delay).or_default().push((name, count + 1));
                }
            }
        }
    }
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn each_order_ends_once_whatever_the_provisioner_does() {
    let started = Instant::now();
    let store = Memory::default();
    let orders = orders(&store).await;
    let refused: Vec<String> =
        orders.iter().skip(orders.len() / 5).step_by(orders.len() / 20).map(|order| order.uuid.to_string()).collect();
    let mut wrong = plan();
    let plan =
        move |id: &str| if refused.iter().any(|order| id.starts_with(order)) { Manner::Refuses } else { wrong(id) };
    let server = ProvisionerServer::start(plan).await;
    let (provisioner, queue) = (server.provisioner(), Queue::default());
    let worker = worker(store.clone(), queue.clone(), SystemClock);

    let run = work_off(&worker, &provisioner, &queue, &orders).await;

    let stored: HashMap<_, _> = store.all_orders().into_iter().map(|order| (order.uuid, order)).collect();
    let (mut completed, mut failed) = (0, BTreeMap::<String, usize>::new());
    for order in &orders {
        let order = &stored[&order.uuid];
        let reference = order.reference().to_string();
        assert_eq!(order.history().len(), 2, "{reference} ended once: {:?}", order.history());
        assert_eq!(run.ends.get(&reference), Some(&1), "{reference} was told to have ended once");
        match order.status() {
            Status::Completed => completed += 1,
            Status::Failed => {
                let reason = order.failure.clone().expect("a reason");
                assert!(reason.len() < 1_000 && !reason.contains('@'), "{reason}");
                *failed.entry(reason.split(": ").skip(1).collect::<Vec<_>>().join(": ")).or_default() += 1;
            }
            other => panic!("{reference} is {other}"),
        }
    }
    // Each effect was sent with one body, and nothing but effects.
    let bodies = server.bodies();
    assert!(bodies.values().all(|bodies| bodies.len() == 1), "an id with two bodies");
    let made = lines_agree(&store, &server);
    for order in stored.values().filter(|order| order.status() == Status::Completed) {
        for name in order.cart.iter().flat_map(|line| &line.linked_usernames) {
            assert!(name.starts_with("tv-line"), "{name}");
        }
    }
    months_are_those_that_were_paid(&store, &stored);

    let manners = server.manners();
    let faults: usize =
        manners.iter().filter(|(manner, _)| !matches!(manner, Manner::Well | Manner::Refuses)).map(|(_, n)| n).sum();
    eprintln!(
        "{} orders: {completed} completed, {} failed {failed:?}\n{made} lines made; {} effects, {} calls, of which {faults} \
         faulty {manners:?}\n{} deliveries, over {} s of back-off; the test took {:.1} s",
        orders.len(),
        failed.values().sum::<usize>(),
        bodies.len(),
        server.calls(),
        run.deliveries,
        run.seconds,
        started.elapsed().as_secs_f64(),
    );
    let refused: usize = manners.iter().filter(|(manner, _)| **manner == Manner::Refuses).map(|(_, n)| n).sum();
    assert!(faults * 100 >= (server.calls() - refused) * 19, "a fifth of the other calls is faulty");
    assert!(manners.len() >= 14, "in every way");
    assert_eq!(failed.values().sum::<usize>(), 16, "only those that were refused: {failed:?}");
}

/// Every month of a completed order is on its line, and no other.
fn months_are_those_that_were_paid(store: &Memory, orders: &HashMap<uuid::Uuid, WorkOrder>) {
    let last = lines();
    let lines: HashMap<ActivationId, _> = store.all_lines().into_iter().map(|line| (line.id, line)).collect();
    for id in (1..=last).map(ActivationId) {
        let done = orders.values().filter(|order| {
            order.status() == Status::Completed && order.cart.iter().any(|line| line.activation_id == Some(id))
        });
        assert_eq!(lines[&id].applied.len(), done.count(), "line {id}");
    }
}

/// Here and at the provisioner, each line has the same; how many were made.
fn lines_agree(store: &Memory, server: &ProvisionerServer) -> usize {
    let mut made = 0;
    for line in store.all_lines() {
        if line.status == ActivationStatus::Reserved {
            continue;
        }
        made += usize::from(line.origin.is_some());
        if !line.provisioner.notified {
            continue;
        }
        let theirs = server.line(line.id.0).unwrap_or_else(|| panic!("the provisioner has no line {}", line.id));
        let until = line.expires_at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        if line.provisioner.reserved.is_none() {
            assert_eq!(theirs.expires_at, until, "line {}", line.id);
        }
        assert_eq!(line.username, Some(theirs.username), "line {}", line.id);
    }
    made
}
