//! What a run begins with, who acts in it, and how it is brought to rest.

use std::{cell::OnceCell, sync::LazyLock};

use futures_util::FutureExt;
use shared::{
    domain::{
        activation::Activation,
        api_key::ApiKey,
        ids::{ActivationId, PaymentMethodId},
        status::Status,
        time::from_wire,
    },
    ports::{LookupResult, OrderRef, Orders},
    use_case::provisioning::sweep::sweep,
    wire::seed_file,
};
use uuid::Uuid;

use crate::{
    actors::{Act, Role, consume, context, deliver, publish},
    requests::{Reply, Request},
    scheduler::freely,
    world::{Kind, Who, World, digest::Key, events::StreamItem},
};

/// The local service's demo catalogue, with its lines 321 (paid) and 45 (a trial), both until 1 December.
static DEMO: LazyLock<(LookupResult, ApiKey)> = LazyLock::new(|| {
    let seed = seed_file::parse(local::start::DEMO.as_bytes()).unwrap();
    let found = LookupResult {
        key: None,
        products: seed.products.into_iter().map(|product| (product.id, product)).collect(),
        payment_method: seed.payment_methods.into_iter().find(|method| method.id == PaymentMethodId(1)),
        bouquets: seed.bouquets.into_iter().map(|bouquet| (bouquet.id, bouquet)).collect(),
        lines: seed.lines.into_iter().map(|line| (line.id, line)).collect(),
    };
    (found, seed.api_keys.into_iter().next().unwrap())
});

/// Runs begin at this time.
const BEGIN: &str = "2026-11-23 12:00:00";

/// What has happened before.
#[derive(Clone)]
pub(crate) enum Before {
    /// This was sent and answered.
    Sent(Request),
    /// The queue was worked off.
    WorkedOff,
    /// The queue was emptied: messages are lost.
    MessagesLost,
    /// A message for this order was delivered so many times.
    Message(Uuid, u32),
    /// A line was removed.
    Removed(u64),
    /// And is there again.
    Restored(u64),
    /// The sweep has sent this order so many times.
    Resent(Uuid, u32),
    /// The provisioner refuses whatever it is told from now on, or does so no longer.
    PanelRefuses(bool),
    /// Something was written that nobody can read.
    RequestError,
    /// The stream was published.
    Published,
}

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) roles: Vec<Role>,
    pub(crate) before: Vec<Before>,
    /// Seconds that each one's clock is ahead.
    pub(crate) skews: Vec<i64>,
    /// Faults in one run.
    pub(crate) faults: usize,
    /// The only kinds of steps that meet them; none: all do.
    pub(crate) faulty: Option<&'static [Kind]>,
    /// May an order end as failed?
    pub(crate) may_fail: bool,
    /// What clients may be refused for.
    pub(crate) refusals: &'static [&'static str],
    pub(crate) caller: ApiKey,
    /// Is there a provisioner?
    pub(crate) provisioner: bool,
    /// The world at the beginning, once it was made.
    begin: OnceCell<World>,
}

impl Scenario {
    pub(crate) fn new(name: &'static str, roles: Vec<Role>) -> Self {
        let skews = vec![0; roles.len()];
        let caller = DEMO.1.clone();
        Self {
            name,
            roles,
            before: Vec::new(),
            skews,
            faults: 1,
            faulty: None,
            may_fail: false,
            refusals: &[],
            caller,
            provisioner: false,
            begin: OnceCell::new(),
        }
    }

    pub(crate) fn after(mut self, before: Vec<Before>) -> Self {
        self.before = before;
        self
    }

    pub(crate) fn faults(mut self, faults: usize) -> Self {
        self.faults = faults;
        self
    }

    pub(crate) fn faults_at(mut self, kinds: &'static [Kind]) -> Self {
        self.faulty = Some(kinds);
        self
    }

    pub(crate) fn skews(mut self, skews: &[i64]) -> Self {
        self.skews = skews.to_vec();
        self
    }

    pub(crate) fn refusing(mut self, refusals: &'static [&'static str]) -> Self {
        self.refusals = refusals;
        self
    }

    pub(crate) fn may_fail(mut self) -> Self {
        self.may_fail = true;
        self
    }

    pub(crate) fn with_provisioner(mut self) -> Self {
        self.provisioner = true;
        self
    }

    /// Are events on their way while others act?
    pub(crate) fn streams(&self) -> bool {
        self.roles.iter().any(|role| matches!(role, Role::Publisher { .. } | Role::WebhookSender { .. }))
    }

    /// The one who is there before and after everybody else.
    fn keeper(&self) -> Who {
        self.roles.len()
    }

    /// Everything that clients send, now or before.
    pub(crate) fn requests(&self) -> impl Iterator<Item = &Request> {
        let before = self.before.iter().filter_map(|before| match before {
            Before::Sent(request) => Some(request),
            _ => None,
        });
        let roles = self.roles.iter().flat_map(|role| match role {
            Role::Client(requests) => requests.as_slice(),
            Role::Passerby(request) => std::slice::from_ref(request),
            _ => &[],
        });
        before.chain(roles)
    }

    /// Does an operator do this to this order?
    pub(crate) fn acts(&self, order: Uuid, is: impl Fn(Act) -> bool) -> bool {
        self.roles.iter().any(|role| matches!(role, Role::Operator(uuid, act) if *uuid == order && is(*act)))
    }

    /// The line with this number, as it was at the beginning.
    pub(crate) fn first_line(id: ActivationId) -> Option<Activation> {
        DEMO.0.lines.get(&id).cloned()
    }

    /// The world at the beginning.
    pub(crate) fn world(&self) -> World {
        self.begin.get_or_init(|| self.first_world()).copied()
    }

    fn first_world(&self) -> World {
        let mut skews = self.skews.clone();
        skews.push(0);
        let world = World::new(DEMO.0.clone(), &skews, from_wire(BEGIN).unwrap());
        {
            let mut state = world.state();
            state.provisioner.there = self.provisioner;
            state.streaming = self.streams();
        }
        let keeper = self.keeper();
        for before in &self.before {
            match before {
                Before::Sent(request) => {
                    let reply = self.resend(&world, request);
                    assert!(matches!(reply, Reply::Done(_)), "{}: {reply:?}", self.name);
                }
                Before::WorkedOff => work_off(&world, keeper),
                Before::MessagesLost => world.state().queue.waiting.clear(),
                Before::PanelRefuses(refuses) => world.state().provisioner.refuses = *refuses,
                Before::Published => freely(publish(&world, keeper, 100)),
                Before::RequestError => world.state().stream.push(StreamItem::RequestError),
                Before::Message(uuid, count) => world.put(name(&world, *uuid), *count),
                Before::Removed(id) => {
                    world.memory.remove_line(ActivationId(*id));
                    world.forget_line(ActivationId(*id));
                }
                Before::Restored(id) => {
                    world.memory.put_line(Self::first_line(ActivationId(*id)).unwrap());
                    world.forget_line(ActivationId(*id));
                }
                Before::Resent(uuid, times) => freely(async {
                    let store = world.ports(keeper);
                    let mut order = store.order(*uuid).await.unwrap().unwrap();
                    order.resends = *times;
                    store.save(&mut order).await.unwrap();
                }),
            }
        }
        world.forget(keeper, 0);
        world.state().actors[keeper].numbers.clear();
        world.state().free_running = false;
        world
    }

    /// Sends a request once more, when everything is at rest.
    pub(crate) fn resend(&self, world: &World, request: &Request) -> Reply {
        let context = context(world, self.keeper());
        freely(request.send(&context, &self.caller))
    }

    /// Brings the world to rest: minutes pass, sweeps run, messages are delivered, and with them the events. What is not at
    /// rest then is stuck.
    pub(crate) fn settle(&self, world: &World) {
        let keeper = self.keeper();
        for _ in 0..15 {
            work_off(world, keeper);
            let queued = world.memory.all_orders().iter().any(|order| order.open_as() == Some(Status::Queued));
            if world.state().queue.waiting.is_empty() && !queued {
                break;
            }
            world.advance(60);
            freely(sweep(&context(world, keeper))).unwrap();
        }
        if self.streams() {
            for _ in 0..15 {
                freely(publish(world, keeper, 100));
                while world.there_is(Kind::ReceiveEvents) > Some(0) {
                    freely(deliver(world, keeper, 10));
                }
                world.advance(60);
            }
        }
    }
}

fn name(world: &World, uuid: Uuid) -> OrderRef {
    let order = world.memory.order(uuid).now_or_never().unwrap().unwrap();
    OrderRef::from(&order.unwrap())
}

fn work_off(world: &World, keeper: Who) {
    while world.there_is(Kind::Receive) > Some(0) {
        freely(consume(world, keeper, 10));
    }
}

impl World {
    /// A line was changed behind everybody's back.
    fn forget_line(&self, id: ActivationId) {
        self.refresh(&[Key::Line(id)]);
    }
}
