//! The world of one run: a store, queues, a provisioner and endpoints in memory, whose every step waits for its turn. The schedule says which step is
//! next and what becomes of it; what there is of state is known as a number, so that equal states are told.

pub(crate) mod digest;
pub(crate) mod events;
pub(crate) mod provisioner;
pub(crate) mod queue;
pub(crate) mod store;
mod turn;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use shared::{
    domain::{
        ids::ActivationId,
        time::Timestamp,
        webhook::{WebhookEndpoint, WebhookEndpointId},
        work_order::WorkOrder,
    },
    ports::{Clock, LookupResult, OrderRef, PortError},
};
use support::memory::Memory;
use uuid::Uuid;

pub(crate) use self::turn::{Kind, Turn, Waiting};
use self::{
    digest::{Key, digest},
    events::{Sent, StreamItem},
    provisioner::TestProvisioner,
    queue::Messages,
    turn::{Process, Wait},
};

/// Who takes steps, by number.
pub(crate) type Who = usize;

/// What is known of one who takes steps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Actor {
    /// Everything it has seen, as a number: what it does next follows from that alone.
    pub(crate) seen: u64,
    /// Its process was killed, and nobody has noticed yet.
    pub(crate) dead: bool,
    /// Numbers for orders that its process holds in memory.
    pub(crate) numbers: BTreeSet<u64>,
    /// Seconds that its clock is ahead.
    pub(crate) skew: i64,
}

#[derive(Clone)]
pub(crate) struct State {
    /// Milliseconds of Unix time.
    pub(crate) now: i64,
    pub(crate) actors: Vec<Actor>,
    pub(crate) waiting: Vec<Waiting>,
    next_ticket: u64,
    /// Steps are taken as they come: nothing is explored.
    pub(crate) free_running: bool,
    pub(crate) digests: BTreeMap<Key, u64>,
    /// The number after the last that was leased.
    pub(crate) next_number: u64,
    /// Every version of every order that was ever stored.
    pub(crate) versions: HashMap<Uuid, Vec<WorkOrder>>,
    /// Messages about orders.
    pub(crate) queue: Messages<OrderRef>,
    pub(crate) provisioner: TestProvisioner,
    /// Whose effect is under way on each line.
    pub(crate) reserved: HashMap<ActivationId, Uuid>,
    /// The table's stream: every write, in its order.
    pub(crate) stream: Vec<StreamItem>,
    /// How far it has been read.
    pub(crate) published: usize,
    /// Does somebody read it while others act?
    pub(crate) streaming: bool,
    /// Places of what could not be published and was put aside.
    pub(crate) parked: BTreeSet<String>,
    pub(crate) endpoints: Vec<WebhookEndpoint>,
    /// Events on their way to endpoints.
    pub(crate) events: Messages<Sent>,
    /// The bodies that each endpoint was told under each id.
    pub(crate) received: BTreeMap<(WebhookEndpointId, String), BTreeSet<String>>,
    /// What was found wrong when it was stored.
    pub(crate) broken: Vec<String>,
    /// The steps so far, for whoever must understand a failure.
    pub(crate) trace: Vec<(Who, &'static str, Turn)>,
}

/// The world. Clones are one world.
#[derive(Clone)]
pub(crate) struct World {
    state: Arc<Mutex<State>>,
    pub(crate) memory: Memory,
}

impl World {
    pub(crate) fn new(found: LookupResult, skews: &[i64], now: Timestamp) -> Self {
        let lines: Vec<Key> = found.lines.keys().copied().map(Key::Line).collect();
        let actors = skews.iter().map(|skew| Actor { skew: *skew, ..Actor::default() }).collect();
        let state = State {
            now: now.timestamp_millis(),
            actors,
            waiting: Vec::new(),
            next_ticket: 0,
            free_running: true,
            digests: BTreeMap::new(),
            next_number: 42,
            versions: HashMap::new(),
            queue: queue::of_orders(),
            provisioner: TestProvisioner::default(),
            reserved: HashMap::new(),
            stream: Vec::new(),
            published: 0,
            streaming: false,
            parked: BTreeSet::new(),
            endpoints: events::endpoints(now),
            events: events::queue(),
            received: BTreeMap::new(),
            broken: Vec::new(),
            trace: Vec::new(),
        };
        let world = Self { state: Arc::new(Mutex::new(state)), memory: Memory::with(found) };
        world.refresh(&lines);
        world
    }

    /// Another world in which everything is as it is in this one.
    pub(crate) fn copied(&self) -> Self {
        Self { state: Arc::new(Mutex::new(self.state().clone())), memory: self.memory.copied() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What `who` sees of the world.
    pub(crate) fn ports(&self, who: Who) -> Ports {
        Ports { world: self.clone(), who }
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.state().now += seconds * 1_000;
    }

    /// Runs `work` as a process of `who`: none if it was killed.
    pub(crate) async fn process<T>(&self, who: Who, work: impl Future<Output = T>) -> Option<T> {
        let result = Process::new(self.clone(), who, work).await;
        if result.is_none() {
            // What a process held in memory is gone with it.
            self.state().actors[who].numbers.clear();
        }
        result
    }

    /// From here on, what `who` does follows from `known` alone: its process has ended.
    pub(crate) fn forget(&self, who: Who, known: u64) {
        self.state().actors[who].seen = known;
    }

    /// All there is, as a number: what can happen from here on depends on nothing else.
    pub(crate) fn fingerprint(&self, budget: usize) -> u64 {
        let events = self.events_digest();
        let state = self.state();
        let messages = state.queue.digest();
        let actors: Vec<_> = state.actors.iter().map(|actor| (actor.seen, &actor.numbers)).collect();
        let mut waiting: Vec<_> = state.waiting.iter().map(|waiting| (waiting.who, waiting.name)).collect();
        waiting.sort_unstable();
        let rest = (actors, waiting, budget, state.broken.len());
        digest(&(state.now, &state.digests, state.next_number, messages, events, rest))
    }

    /// The store and the queue alone: what a client could ever find out.
    pub(crate) fn contents(&self) -> (BTreeMap<Key, u64>, usize) {
        let state = self.state();
        (state.digests.clone(), state.queue.waiting.len())
    }
}

/// The ports, as one of those who take steps uses them.
#[derive(Clone)]
pub(crate) struct Ports {
    pub(crate) world: World,
    pub(crate) who: Who,
}

impl Ports {
    /// One step: waits for its turn, and does then what the schedule says. `touched`: what the step reads or writes.
    pub(crate) async fn step<T: Send>(
        &self,
        kind: Kind,
        name: &'static str,
        touched: &[Key],
        mut effect: impl FnMut(Turn) -> T + Send,
    ) -> Result<T, PortError> {
        let turn = self.turn(kind, name).await;
        let lost = || PortError::Unavailable(format!("{name}: the answer was lost"));
        match turn {
            Turn::FailBefore => {
                self.saw(name, turn, touched, || ());
                Err(lost())
            }
            Turn::FailAfter => {
                self.saw(name, turn, touched, || drop(effect(turn)));
                Err(lost())
            }
            Turn::DieBefore => self.die().await,
            Turn::DieAfter => {
                self.saw(name, turn, touched, || drop(effect(turn)));
                self.die().await
            }
            Turn::Repeat => {
                self.saw(name, turn, touched, || drop(effect(turn)));
                // The SDK's own retry: others may have acted meanwhile.
                let turn = self.turn(Kind::Sure, name).await;
                Ok(self.saw(name, turn, touched, || effect(turn)))
            }
            _ if matches!(kind, Kind::Read | Kind::ReadIndex) => Ok(self.read(name, turn, touched, || effect(turn))),
            _ => Ok(self.saw(name, turn, touched, || effect(turn))),
        }
    }

    pub(crate) async fn turn(&self, kind: Kind, name: &'static str) -> Turn {
        if self.world.state().free_running {
            return Turn::Plain;
        }
        Wait::new(self.world.clone(), self.who, kind, name).await
    }

    async fn die<T>(&self) -> T {
        self.world.state().actors[self.who].dead = true;
        std::future::pending().await
    }

    /// Reads; what is there is what its actor has seen.
    fn read<T>(&self, name: &'static str, turn: Turn, touched: &[Key], effect: impl FnOnce() -> T) -> T {
        let found = self.world.look(touched);
        let result = effect();
        let actor = &mut self.world.state().actors[self.who];
        actor.seen = digest(&(actor.seen, name, turn, found));
        result
    }

    /// Runs an effect; what it touched, before and after, is what its actor has seen of it.
    pub(crate) fn saw<T>(&self, name: &'static str, turn: Turn, touched: &[Key], effect: impl FnOnce() -> T) -> T {
        let before = self.world.look(touched);
        let result = effect();
        self.world.refresh(touched);
        let after = self.world.look(touched);
        let actor = &mut self.world.state().actors[self.who];
        actor.seen = digest(&(actor.seen, name, turn, before, after));
        result
    }
}

impl Clock for Ports {
    fn now(&self) -> Timestamp {
        let state = self.world.state();
        let skew = state.actors[self.who].skew * 1_000;
        Timestamp::from_timestamp_millis(state.now + skew).unwrap()
    }
}
