//! One effect on one line. Without a panel it is one conditional write. With one it is three steps, each of which can be
//! repeated by any consumer: reserve it on the line, tell the panel, mark it applied.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use super::{RACE_ROUNDS, Worker, provision_order::Passing, too_contended};
use crate::{
    domain::{
        activation::{Activation, EffectName, LineStatus, Origin, Password},
        cart::{CartLine, Intent},
        ids::ActivationId,
        panel::{EffectKind, PanelValues, Reservation, Told, Values},
        provisioning::new_line,
        status::Status,
        time::Timestamp,
        work_order::WorkOrder,
    },
    ports::{Lines, Made, Orders, Panel, PanelAnswer, PortError, Saved},
};

/// Below this, the panel is not called: a call takes up to 5 seconds, and what it says must be kept.
pub const TIME_FOR_A_CALL: Duration = Duration::from_secs(6);

/// Why a line can never be done.
pub(super) struct Never(pub(super) String);

/// Why an effect is not done.
pub(super) enum Trouble {
    /// It can never be.
    Never(Never),
    /// It may be the next time.
    Passing(Passing),
}

impl From<PortError> for Trouble {
    fn from(error: PortError) -> Self {
        Self::Passing(error.into())
    }
}

/// One delivery of one order.
pub(super) struct Work<'a, S, Q, P> {
    pub(super) service: &'a Worker<S, Q>,
    pub(super) panel: &'a P,
    pub(super) order: &'a WorkOrder,
    /// The order's last queued_at.
    pub(super) now: Timestamp,
    /// Of the invocation.
    pub(super) time_left: &'a (dyn Fn() -> Duration + Sync),
}

impl<S: Orders + Lines, Q, P: Panel> Work<'_, S, Q, P> {
    /// Makes the line of one unit; its user name. `begun`: the line, where an earlier delivery has reserved it.
    pub(super) async fn make(
        &self,
        item: &CartLine,
        origin: &Origin,
        id: ActivationId,
        begun: Option<&Activation>,
    ) -> Result<Option<String>, Trouble> {
        let effect = EffectName::of_unit(origin.order, origin.unit);
        let mut line = match begun {
            Some(line) => line.clone(),
            None => self.begin(item, origin, id, &effect).await?,
        };
        for _ in 0..RACE_ROUNDS {
            let Some(reserved) = line.reserved(&effect).cloned() else {
                // Made; or switched off, because the order was canceled, which the order itself will tell.
                return Ok(line.username);
            };
            line.settle(self.tell(id, &reserved).await?);
            if self.service.store.save_line(&mut line).await? == Saved::Done {
                return Ok(line.username);
            }
            line = self.reread(id).await?;
        }
        Err(too_contended("a line").into())
    }

    /// Stores a new line, if there is none: whole, or, where there is a panel, reserved.
    async fn begin(
        &self,
        item: &CartLine,
        origin: &Origin,
        id: ActivationId,
        effect: &EffectName,
    ) -> Result<Activation, Trouble> {
        let password =
            Password::random().map_err(|_| PortError::Unavailable("no randomness for a password".to_owned()))?;
        let mut line = new_line(self.order, item, origin.clone(), id, password, self.now);
        if self.panel.is_there() {
            let after = line.values();
            line.status = LineStatus::Reserved;
            line.reserve(&self.told(EffectKind::Create, effect, item, 1), after, line.version);
        }
        match self.service.store.make(&line).await? {
            Made::New => Ok(line),
            Made::Existed(existing) if existing.is_from(origin) => Ok(*existing),
            Made::Existed(_) => Err(Trouble::Never(Never(format!("line {id} is there and is not of this order")))),
        }
    }

    /// Renews or upgrades a line under its version; its user name.
    pub(super) async fn apply(
        &self,
        item: &CartLine,
        effect: &EffectName,
        id: ActivationId,
        lines: &mut HashMap<ActivationId, Activation>,
    ) -> Result<Option<String>, Trouble> {
        for _ in 0..RACE_ROUNDS {
            let Some(line) = lines.get_mut(&id).filter(|line| line.is_there()) else {
                return Err(Trouble::Never(Never(format!("line {id} does not exist"))));
            };
            if line.applied.contains(effect) {
                return Ok(line.username.clone());
            }
            let reserved = line.panel.reserved.as_deref().cloned();
            match reserved {
                Some(reserved) if reserved.effect == *effect => line.settle(self.tell(id, &reserved).await?),
                Some(reserved) => {
                    self.may_take_over(id, &reserved).await?;
                    line.panel.reserved = None;
                    self.reserve_or_apply(item, effect, line);
                }
                None => self.reserve_or_apply(item, effect, line),
            }
            if self.service.store.save_line(line).await? == Saved::Lost {
                lines.remove(&id);
                lines.extend(self.service.store.lines(&BTreeSet::from([id])).await?);
            }
        }
        Err(too_contended("a line").into())
    }

    fn reserve_or_apply(&self, item: &CartLine, effect: &EffectName, line: &mut Activation) {
        if self.panel.is_there() {
            let kind = if item.intent == Intent::TrialUpgrade { EffectKind::Upgrade } else { EffectKind::Renew };
            line.reserve(&self.told(kind, effect, item, item.qty), line.after(item, self.now), line.version + 1);
        } else {
            line.apply(effect, item, self.now);
        }
    }

    /// An effect that another has begun is waited for while its order is under way. What is left of an order that ended
    /// without it must not hold the line for ever: it is dropped, and should that order be tried again, its effect is
    /// computed anew from what the line has then.
    async fn may_take_over(&self, id: ActivationId, theirs: &Reservation) -> Result<(), Trouble> {
        if theirs.order == self.order.uuid {
            // The effects of an order are done in their order: the one before this was refused just now.
            return Err(Trouble::Never(Never(format!(
                "line {id}: an effect of the order before this one is not done"
            ))));
        }
        let order = self.service.store.order(theirs.order).await?;
        if order.is_some_and(|order| matches!(order.status(), Status::Queued | Status::Provisioning)) {
            let cause = PortError::Unavailable(format!("line {id} waits for another order's effect"));
            return Err(Trouble::Passing(Passing::Fault(cause)));
        }
        Ok(())
    }

    /// Tells the panel what is reserved.
    async fn tell(&self, id: ActivationId, reserved: &Reservation) -> Result<PanelValues, Trouble> {
        if self.panel.is_there() && (self.time_left)() < TIME_FOR_A_CALL {
            return Err(Trouble::Passing(Passing::NoTime));
        }
        match self.panel.tell(&reserved.id, &reserved.body, self.service.now()).await {
            Ok(PanelAnswer::Done(said)) => Ok(said),
            Ok(PanelAnswer::Refused { status, code }) => {
                let kind = reserved.kind.as_str();
                let code = code.map_or_else(String::new, |code| format!(" {code}"));
                Err(Trouble::Never(Never(format!("line {id}: the panel refused to {kind} it: {status}{code}"))))
            }
            Err(fault) => Err(Trouble::Passing(match fault.retry_after {
                Some(after) => Passing::Later(fault.cause, after),
                None => Passing::Fault(fault.cause),
            })),
        }
    }

    /// Tells the panel of the lines that were switched off because the order was canceled; why it refused to, if it did.
    pub(super) async fn tell_suspensions(&self, made: &HashMap<ActivationId, Origin>) -> Result<Vec<String>, Passing> {
        let mut refusals = Vec::new();
        let lines = self.service.store.lines(&made.keys().copied().collect()).await?;
        let lines: BTreeMap<_, _> = lines.into_iter().collect();
        for (id, mut line) in lines {
            let Some(origin) = made.get(&id).filter(|origin| line.is_from(origin)) else { continue };
            let effect = EffectName::of_suspension(origin.order, origin.unit);
            for round in 0.. {
                let Some(reserved) = line.reserved(&effect).cloned() else { break };
                if round >= RACE_ROUNDS {
                    return Err(too_contended("a line").into());
                }
                let said = match self.tell(id, &reserved).await {
                    Ok(said) => said,
                    Err(Trouble::Never(Never(reason))) => {
                        refusals.push(reason);
                        PanelValues::default()
                    }
                    Err(Trouble::Passing(passing)) => return Err(passing),
                };
                line.settle(said);
                if self.service.store.save_line(&mut line).await? == Saved::Done {
                    break;
                }
                line = self.reread(id).await?;
            }
        }
        Ok(refusals)
    }

    fn told<'b>(&'b self, kind: EffectKind, effect: &'b EffectName, item: &'b CartLine, qty: u32) -> Told<'b> {
        Told { kind, effect, order: self.order, item: Some(item), qty }
    }

    async fn reread(&self, id: ActivationId) -> Result<Activation, PortError> {
        let gone = || PortError::Corrupt(format!("line {id} is gone"));
        self.service.store.lines(&BTreeSet::from([id])).await?.remove(&id).ok_or_else(gone)
    }
}

/// Switches a line off in the ledger. Where the panel may have it, what it is to be told is reserved in the same write.
pub(super) fn switch_off(line: &mut Activation, order: &WorkOrder, origin: &Origin, by: &str, at: Timestamp) {
    if line.panel.may_have_it() {
        let effect = EffectName::of_suspension(origin.order, origin.unit);
        let told = Told { kind: EffectKind::Suspend, effect: &effect, order, item: None, qty: 1 };
        let after = Values { status: LineStatus::Suspended, ..line.values() };
        line.reserve(&told, after, line.version + 1);
    }
    line.switch(LineStatus::Suspended, by, Some(format!("{} was canceled", order.reference())), at);
}
