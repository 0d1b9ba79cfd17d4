//! Those who act: clients that send again, consumers of the queue, the schedule, operators.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use shared::{
    domain::{api_key::ApiKey, ids::ActivationId, money::Amount, status::Status},
    ports::Orders,
    use_case::{
        context::Context,
        operator,
        provisioning::{provision::provision, sweep::sweep},
        rate_limit::RateLimits,
        refusal::{OrderRefusal, PaymentRefusal},
        webhooks::{deliver_events::deliver_events, publish_events::publish_events},
    },
    wire::webhook,
};
use uuid::Uuid;

use crate::{
    requests::{Reply, Request},
    world::{Kind, Who, World, digest::digest, events::Events},
};

/// What somebody does.
#[derive(Clone)]
pub(crate) enum Role {
    /// Sends these, each until its answer is final; one that is not answered waits until the others have been sent.
    Client(Vec<Request>),
    /// Sends this once, and never comes again.
    Passerby(Request),
    /// Receives so many times, up to so many messages each.
    Consumer { rounds: usize, batch: usize },
    /// A minute passes and a sweep runs, so many times.
    Schedule { runs: usize },
    /// Reads the table's stream so many times, up to so many records each, and queues their events.
    Publisher { rounds: usize, batch: usize },
    /// Posts events so many times, up to so many at once.
    WebhookSender { rounds: usize, batch: usize },
    /// Does something to an order.
    Operator(Uuid, Act),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Approve,
    Partial(Amount),
    Cancel,
    Retry,
    /// A minute later, puts the line back that the order could not find, and tries it again.
    Mend(ActivationId),
}

/// What somebody was told.
#[derive(Clone)]
pub(crate) enum Told {
    Client(Request, Reply),
    /// The operator's act was done, or refused.
    Operator(Uuid, Act, bool),
}

/// Times a client sends a request again that was not answered: as the plugin does.
const TRIES: usize = 12;
/// Of these, so many may come while others are in the midst of something. The rest come minutes later.
const AT_ONCE: usize = 3;

impl Role {
    /// Does it; what they are told goes into `told`.
    pub(crate) async fn act(self, world: World, who: Who, caller: ApiKey, told: impl Fn(Told)) {
        match self {
            Self::Client(requests) => client(&world, who, &caller, requests, told).await,
            Self::Passerby(request) => {
                let context = context(&world, who);
                let reply = world.process(who, request.send(&context, &caller)).await;
                world.forget(who, digest(&reply));
                if let Some(reply @ (Reply::Done(_) | Reply::Refused { .. })) = reply {
                    told(Told::Client(request, reply));
                }
            }
            Self::Consumer { rounds, batch } => {
                for round in 0..rounds {
                    consume(&world, who, batch).await;
                    world.forget(who, digest(&("consumed", round)));
                }
            }
            Self::Schedule { runs } => {
                for run in 0..runs {
                    world.ports(who).turn(Kind::Sure, "a minute passes").await;
                    world.advance(60);
                    // A run that fails is followed by another, a minute later.
                    let _failed = world.process(who, sweep(&context(&world, who))).await;
                    world.forget(who, digest(&("swept", run)));
                }
            }
            Self::Publisher { rounds, batch } => {
                for round in 0..rounds {
                    publish(&world, who, batch).await;
                    world.forget(who, digest(&("published", round)));
                }
            }
            Self::WebhookSender { rounds, batch } => {
                for round in 0..rounds {
                    deliver(&world, who, batch).await;
                    world.forget(who, digest(&("delivered", round)));
                }
            }
            Self::Operator(order, act) => operate(&world, who, order, act, told).await,
        }
    }
}

pub(crate) fn context(world: &World, who: Who) -> Context<crate::world::Ports, crate::world::Ports> {
    let ports = world.ports(who);
    Context { store: ports.clone(), queue: ports.clone(), clock: Arc::new(ports), limits: RateLimits::default() }
}

async fn client(world: &World, who: Who, caller: &ApiKey, requests: Vec<Request>, told: impl Fn(Told)) {
    let context = context(world, who);
    let mut held: VecDeque<(usize, Request)> = requests.into_iter().enumerate().collect();
    let mut attempt = 0;
    // What was answered for good: two states are one only if everybody was told the same in them.
    let mut answered = 0;
    while let Some((index, request)) = held.pop_front() {
        assert!(attempt <= TRIES, "a request was never answered");
        let reply = world.process(who, request.send(&context, caller)).await;
        let reply = reply.unwrap_or(Reply::Later);
        if reply != Reply::Later {
            answered = digest(&(answered, index, &reply));
        }
        world.forget(who, digest(&(index, attempt, answered, &reply)));
        if reply != Reply::Later {
            told(Told::Client(request, reply));
            continue;
        }
        // Others go first: a shop holds an order back, and goes on selling.
        held.push_back((index, request));
        if attempt >= AT_ONCE {
            world.ports(who).turn(Kind::Pause, "minutes pass for a client").await;
        }
        attempt += 1;
    }
}

/// One round of a consumer: receives, works, deletes what was not reported back.
pub(crate) async fn consume(world: &World, who: Who, batch: usize) {
    let ports = world.ports(who);
    let deliveries = ports.receive(batch).await;
    if deliveries.is_empty() {
        return;
    }
    let ids: Vec<String> = deliveries.iter().map(|delivery| delivery.message_id.clone()).collect();
    let context = context(world, who);
    let enough = || Duration::from_secs(30);
    // A consumer that is killed deletes nothing: its messages show again.
    let Some(batch) = world.process(who, provision(&context, &ports, deliveries, &enough)).await else { return };
    let done: Vec<String> = ids.into_iter().filter(|id| !batch.again.contains(id)).collect();
    if !done.is_empty() {
        ports.delete(&done).await;
    }
}

/// One batch of the table's stream, as Lambda hands it over: again from where it failed, or whole if its process was killed.
pub(crate) async fn publish(world: &World, who: Who, batch: usize) {
    let ports = world.ports(who);
    let records = ports.read_stream(batch).await;
    let Some(first) = records.first() else { return };
    let end = first.sequence_number.parse::<usize>().unwrap() + records.len();
    let queue = Events(ports.clone());
    let work = publish_events(&ports, &queue, &ports, records, webhook::body);
    let Some(published) = world.process(who, work).await else { return };
    world.published_to(published.failed.map_or(end, |(place, _)| place.parse().unwrap()));
}

/// One batch of the queue of events: what was not reported back is deleted.
pub(crate) async fn deliver(world: &World, who: Who, batch: usize) {
    let ports = world.ports(who);
    let deliveries = ports.receive_events(batch).await;
    if deliveries.is_empty() {
        return;
    }
    let queue = Events(ports.clone());
    let work = deliver_events(&ports, &queue, &ports, &ports, deliveries);
    let Some(reports) = world.process(who, work).await else { return };
    let done = reports.iter().filter(|report| !report.is_again());
    let done: Vec<String> = done.map(|report| report.message.message_id.clone()).collect();
    if !done.is_empty() {
        ports.delete_events(&done).await;
    }
}

async fn operate(world: &World, who: Who, uuid: Uuid, act: Act, told: impl Fn(Told)) {
    let context = context(world, who);
    let first = std::cell::Cell::new(None);
    for attempt in 0.. {
        assert!(attempt <= TRIES, "an operator was never answered");
        let work = async {
            let order = context.store.order(uuid).await?.ok_or(OrderRefusal::NoSuchOrder)?;
            // Whoever was not answered looks again; another submission is not the one whose amount was known.
            let moved = first.replace(first.get().or(Some(order.version))).is_some_and(|first| first != order.version);
            if moved && matches!(act, Act::Partial(_)) {
                return Err(OrderRefusal::WrongState(order.status()).into());
            }
            match act {
                Act::Approve => operator::approve(&context, "ann", order).await.map(drop)?,
                Act::Partial(amount) => operator::partial(&context, "ann", order, amount).await.map(drop)?,
                Act::Cancel => operator::cancel(&context, "ann", order, "asked to").await.map(drop)?,
                Act::Retry => operator::retry(&context, "ann", order).await.map(drop)?,
                Act::Mend(line) => {
                    context.store.turn(Kind::Sure, "a minute passes").await;
                    world.advance(60);
                    context.store.mend(line).await;
                    operator::retry(&context, "ann", order).await.map(drop)?;
                }
            }
            Ok(())
        };
        let result = world.process(who, work).await;
        world.forget(who, digest(&(attempt, first.get(), matches!(result, Some(Ok(()))))));
        match result {
            None | Some(Err(PaymentRefusal::Order(OrderRefusal::Unavailable(_)))) => {}
            Some(result) => return told(Told::Operator(uuid, act, result.is_ok())),
        }
    }
}

/// Is somebody still to act on an order in this state?
pub(crate) fn waits_for_an_operator(status: Status) -> bool {
    matches!(status, Status::Pending | Status::PaymentSubmitted | Status::Failed)
}
