//! Turns: a step that is about to happen waits here until the schedule picks it.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use super::{Who, World};

/// What becomes of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Turn {
    /// It takes effect and is answered.
    Plain,
    /// It fails before it takes effect.
    FailBefore,
    /// It takes effect, and the answer is lost.
    FailAfter,
    /// The process is killed before it takes effect.
    DieBefore,
    /// The process is killed after it took effect.
    DieAfter,
    /// It takes effect, the answer is lost, and the SDK repeats it: others may act in between.
    Repeat,
    /// The index answers as it was before each order's latest change.
    Stale,
    /// The queue takes the message and loses it.
    Lose,
    /// The queue delivers the message and keeps it for another, too.
    Duplicate,
    /// Of several messages, the queue delivers the latest first.
    Other,
    /// Of a batch, the first half is done.
    Half,
    /// The other side does not do it, and says so: the provisioner for good, an endpoint this time.
    Refuse,
    /// The provisioner does not do it now, and says when it wants to be asked again.
    Later,
    /// The caller has given up waiting when the call arrives.
    Late,
}

/// What a step is, and with it what can become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    ReadIndex,
    Write,
    Send,
    Receive,
    /// Takes messages of the queue of events.
    ReceiveEvents,
    /// Reads the table's stream on.
    ReadStream,
    Delete,
    /// Sends a batch of events.
    SendBatch,
    /// Posts an event to an endpoint.
    Post,
    /// Tells the provisioner of an effect.
    Tell,
    /// A client waits before it asks again: after a few times, until nobody else can go on.
    Pause,
    /// What cannot fail: the SDK's own retry of a step, and time that passes.
    Sure,
}

impl Kind {
    /// The faults that this step can meet.
    pub(crate) fn faults(self) -> &'static [Turn] {
        use Turn::{
            DieAfter, DieBefore, Duplicate, FailAfter, FailBefore, Half, Late, Later, Lose, Refuse, Repeat, Stale,
        };
        match self {
            // To read and to be killed then is the same as to be killed before the next step.
            Self::Read => &[FailBefore, DieBefore],
            Self::ReadIndex => &[FailBefore, DieBefore, Stale],
            Self::Write => &[FailBefore, FailAfter, DieBefore, DieAfter, Repeat],
            Self::Send => &[FailBefore, FailAfter, DieBefore, DieAfter, Repeat, Lose],
            Self::Receive | Self::ReceiveEvents => &[Duplicate],
            Self::Delete => &[FailBefore, FailAfter],
            Self::SendBatch => &[FailBefore, FailAfter, DieBefore, DieAfter, Repeat, Half],
            Self::Post => &[FailBefore, FailAfter, DieBefore, DieAfter, Refuse],
            Self::Tell => &[FailBefore, FailAfter, DieBefore, DieAfter, Repeat, Refuse, Later, Late],
            Self::Pause | Self::Sure | Self::ReadStream => &[],
        }
    }
}

/// A step that waits for its turn.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) ticket: u64,
    pub(crate) who: Who,
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    turn: Option<Turn>,
    waker: Option<Waker>,
}

impl World {
    /// The steps so far, a line each.
    pub(crate) fn trace(&self) -> String {
        let steps =
            self.state().trace.iter().map(|(who, name, turn)| format!("{who} {name} {turn:?}")).collect::<Vec<_>>();
        steps.join("\n  ")
    }

    /// Lets the step with this ticket happen.
    pub(crate) fn grant(&self, ticket: u64, turn: Turn) {
        let waker = {
            let mut state = self.state();
            let waiting = state.waiting.iter_mut().find(|waiting| waiting.ticket == ticket).unwrap();
            waiting.turn = Some(turn);
            let step = (waiting.who, waiting.name, turn);
            let waker = waiting.waker.take();
            state.trace.push(step);
            waker
        };
        // Outside of the lock: what is woken may look at the world.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Waits for a turn.
pub(super) struct Wait {
    world: World,
    ticket: u64,
}

impl Wait {
    pub(super) fn new(world: World, who: Who, kind: Kind, name: &'static str) -> Self {
        let ticket = {
            let mut state = world.state();
            let ticket = state.next_ticket;
            state.next_ticket += 1;
            state.waiting.push(Waiting { ticket, who, kind, name, turn: None, waker: None });
            ticket
        };
        Self { world, ticket }
    }
}

impl Future for Wait {
    type Output = Turn;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Turn> {
        let mut state = self.world.state();
        let waiting = state.waiting.iter_mut().find(|waiting| waiting.ticket == self.ticket).unwrap();
        if let Some(turn) = waiting.turn {
            return Poll::Ready(turn);
        }
        waiting.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut state = self.world.state();
        let ticket = self.ticket;
        state.waiting.retain(|waiting| waiting.ticket != ticket);
    }
}

/// A process: ends without a result when it is killed.
pub(super) struct Process<F: Future> {
    world: World,
    who: Who,
    work: Option<Pin<Box<F>>>,
}

impl<F: Future> Process<F> {
    pub(super) fn new(world: World, who: Who, work: F) -> Self {
        Self { world, who, work: Some(Box::pin(work)) }
    }
}

impl<F: Future> Future for Process<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let Some(work) = self.work.as_mut() else { return Poll::Ready(None) };
        if let Poll::Ready(result) = work.as_mut().poll(context) {
            return Poll::Ready(Some(result));
        }
        let killed = std::mem::take(&mut self.world.state().actors[self.who].dead);
        if killed {
            self.work = None;
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}
