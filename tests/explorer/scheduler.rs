//! One run: everybody is polled by hand until each waits for a turn or has ended, then one step is chosen, and so on. No
//! threads, no clock, no chance: the same choices make the same run.

use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use crate::{
    actors::Told,
    scenario::Scenario,
    world::{Kind, Turn, World},
};

/// A step that may be next, and what may become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    ticket: u64,
    pub(crate) who: usize,
    pub(crate) name: &'static str,
    pub(crate) turn: Turn,
    /// Is it one of the faults that are counted?
    pub(crate) fault: bool,
}

/// The ticket of a call of the provisioner that nobody waits for any more.
const LATE: u64 = u64::MAX;

/// Says what is next.
pub(crate) trait Chooser {
    /// One of `choices`; none: this run need not go on. `here`: all there is, as a number.
    fn choose(&mut self, here: u64, choices: &[Choice]) -> Option<usize>;
}

/// A run that has come to its end.
pub(crate) struct Run {
    pub(crate) world: World,
    pub(crate) told: Vec<Told>,
    /// Faults that were put in.
    pub(crate) faults: usize,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Task<'a> {
    work: Option<Pin<Box<dyn Future<Output = ()> + 'a>>>,
    woken: Arc<Woken>,
}

/// Polls `work` to its end in a world whose steps are free.
pub(crate) fn freely<T>(work: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Woken::default()));
    let mut work = std::pin::pin!(work);
    for _ in 0..1_000 {
        if let Poll::Ready(result) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
            return result;
        }
    }
    panic!("it waits for nothing");
}

/// Runs the scenario as `chooser` says, with at most `budget` faults; none if the run was left.
pub(crate) fn run(scenario: &Scenario, budget: usize, chooser: &mut dyn Chooser) -> Option<Run> {
    let world = scenario.world();
    let told = Rc::new(RefCell::new(Vec::new()));
    let mut tasks: Vec<Task<'_>> = scenario
        .roles
        .iter()
        .enumerate()
        .map(|(who, role)| {
            let told = told.clone();
            let work =
                role.clone().act(world.clone(), who, scenario.caller.clone(), move |it| told.borrow_mut().push(it));
            Task { work: Some(Box::pin(work)), woken: Arc::new(Woken(AtomicBool::new(true))) }
        })
        .collect();
    let mut left = budget;
    loop {
        poll_all(&mut tasks);
        let choices = choices(scenario, &world, left);
        if choices.is_empty() {
            assert!(tasks.iter().all(|task| task.work.is_none()), "somebody waits for nothing");
            break;
        }
        let chosen = choices[chooser.choose(world.fingerprint(left), &choices)?];
        left -= usize::from(chosen.fault);
        if chosen.ticket == LATE {
            world.state().trace.push((chosen.who, chosen.name, chosen.turn));
            world.arrive_late();
        } else {
            world.grant(chosen.ticket, chosen.turn);
        }
    }
    drop(tasks);
    let told = Rc::into_inner(told).unwrap().into_inner();
    world.state().free_running = true;
    Some(Run { world, told, faults: budget - left })
}

fn poll_all(tasks: &mut [Task<'_>]) {
    loop {
        let mut polled = false;
        for task in tasks.iter_mut() {
            let Some(work) = &mut task.work else { continue };
            if task.woken.0.swap(false, Ordering::SeqCst) {
                polled = true;
                let waker = Waker::from(task.woken.clone());
                if work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                    task.work = None;
                }
            }
        }
        if !polled {
            return;
        }
    }
}

fn choices(scenario: &Scenario, world: &World, left: usize) -> Vec<Choice> {
    let kinds: Vec<Kind> = world.state().waiting.iter().map(|waiting| waiting.kind).collect();
    let nothing_to_do = || kinds.iter().all(|kind| world.there_is(*kind) == Some(0));
    if nothing_to_do() {
        // Nobody does anything but wait for messages: time passes until one shows. Where there is none, the wait ends.
        world.pass_to_next_message();
    }
    let wait_ends = nothing_to_do();
    let (mut choices, mut paused) = (Vec::new(), Vec::new());
    if world.is_late() {
        let late =
            Choice { ticket: LATE, who: usize::MAX, name: "a late call arrives", turn: Turn::Plain, fault: false };
        choices.push(late);
    }
    let state = world.state();
    let mut ready: Vec<_> = state.waiting.iter().map(|it| (it.ticket, it.who, it.kind, it.name)).collect();
    drop(state);
    // The order in which they came is the run's; who they are is not.
    ready.sort_by_key(|(_, who, ..)| *who);
    for (ticket, who, kind, name) in ready {
        let choice = |turn, fault| Choice { ticket, who, name, turn, fault };
        match world.there_is(kind) {
            Some(0) if wait_ends => {
                choices.push(choice(Turn::Plain, false));
                return choices;
            }
            Some(0) => continue,
            Some(there) if there > 1 && kind != Kind::ReadStream => choices.push(choice(Turn::Other, false)),
            _ => {}
        }
        if kind == Kind::Pause {
            paused.push(choice(Turn::Plain, false));
            continue;
        }
        choices.push(choice(Turn::Plain, false));
        if left > 0 && scenario.faulty.is_none_or(|faulty| faulty.contains(&kind)) {
            choices.extend(kind.faults().iter().map(|turn| choice(*turn, true)));
        }
    }
    if choices.is_empty() { paused } else { choices }
}
