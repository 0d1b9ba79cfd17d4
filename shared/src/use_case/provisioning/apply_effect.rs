//! One effect on one line. Without a provisioner it is one conditional write. With one it is three steps, each of which can be
//! repeated by any consumer: reserve it on the line, tell the provisioner, mark it applied.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use super::provision_order::Interrupted;
use crate::use_case::{RACE_ROUNDS, Worker, too_contended};
use crate::{
    domain::{
        activation::{Activation, ActivationStatus, EffectName, Origin, Password},
        cart::{CartItem, Intent},
        ids::ActivationId,
        provisioner::{ActivationValues, EffectKind, EffectMessage, ProvisionerValues, Reservation},
        provisioning::new_activation,
        status::Status,
        time::Timestamp,
        work_order::WorkOrder,
    },
    ports::{Activations, Insert, Orders, PortError, Provisioner, ProvisionerAnswer, Save},
};

/// Below this, the provisioner is not called: a call takes up to 5 seconds, and what it says must be kept.
pub const TIME_FOR_A_CALL: Duration = Duration::from_secs(6);

/// Why a line can never be done.
pub(super) struct Never(pub(super) String);

/// Why an effect is not done.
pub(super) enum Trouble {
    /// It can never be.
    Never(Never),
    /// It may be the next time.
    Interrupted(Interrupted),
}

impl From<PortError> for Trouble {
    fn from(error: PortError) -> Self {
        Self::Interrupted(error.into())
    }
}

/// One delivery of one order.
pub(super) struct Work<'a, S, Q, P> {
    pub(super) service: &'a Worker<S, Q>,
    pub(super) provisioner: &'a P,
    pub(super) order: &'a WorkOrder,
    /// The order's last queued_at.
    pub(super) now: Timestamp,
    /// Of the invocation.
    pub(super) time_left: &'a (dyn Fn() -> Duration + Sync),
}

impl<S: Orders + Activations, Q, P: Provisioner> Work<'_, S, Q, P> {
    /// Makes the line of one unit; its user name. `begun`: the line, where an earlier delivery has reserved it.
    pub(super) async fn make(
        &self,
        item: &CartItem,
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
            line.apply_response(self.send(id, &reserved).await?);
            if self.service.store.save_activation(&mut line).await? == Save::Saved {
                return Ok(line.username);
            }
            line = self.reread(id).await?;
        }
        Err(too_contended("a line").into())
    }

    /// Stores a new line, if there is none: whole, or, where there is a provisioner, reserved.
    async fn begin(
        &self,
        item: &CartItem,
        origin: &Origin,
        id: ActivationId,
        effect: &EffectName,
    ) -> Result<Activation, Trouble> {
        let password =
            Password::random().map_err(|_| PortError::Unavailable("no randomness for a password".to_owned()))?;
        let mut line = new_activation(self.order, item, origin.clone(), id, password, self.now);
        if self.provisioner.is_configured() {
            let after = line.values();
            line.status = ActivationStatus::Reserved;
            line.reserve(&self.message(EffectKind::Create, effect, item, 1), after, line.version);
        }
        match self.service.store.make(&line).await? {
            Insert::Inserted => Ok(line),
            Insert::AlreadyExists(existing) if existing.is_from(origin) => Ok(*existing),
            Insert::AlreadyExists(_) => {
                Err(Trouble::Never(Never(format!("line {id} is there and is not of this order"))))
            }
        }
    }

    /// Renews or upgrades a line under its version; its user name.
    pub(super) async fn apply(
        &self,
        item: &CartItem,
        effect: &EffectName,
        id: ActivationId,
        lines: &mut HashMap<ActivationId, Activation>,
    ) -> Result<Option<String>, Trouble> {
        for _ in 0..RACE_ROUNDS {
            let Some(line) = lines.get_mut(&id).filter(|line| line.exists()) else {
                return Err(Trouble::Never(Never(format!("line {id} does not exist"))));
            };
            if line.applied.contains(effect) {
                return Ok(line.username.clone());
            }
            let reserved = line.provisioner.reserved.as_deref().cloned();
            match reserved {
                Some(reserved) if reserved.effect == *effect => line.apply_response(self.send(id, &reserved).await?),
                Some(reserved) => {
                    self.check_takeover(id, &reserved).await?;
                    line.provisioner.reserved = None;
                    self.reserve_or_apply(item, effect, line);
                }
                None => self.reserve_or_apply(item, effect, line),
            }
            if self.service.store.save_activation(line).await? == Save::Conflict {
                lines.remove(&id);
                lines.extend(self.service.store.lines(&BTreeSet::from([id])).await?);
            }
        }
        Err(too_contended("a line").into())
    }

    fn reserve_or_apply(&self, item: &CartItem, effect: &EffectName, line: &mut Activation) {
        if self.provisioner.is_configured() {
            let kind = if item.intent == Intent::TrialUpgrade { EffectKind::Upgrade } else { EffectKind::Renew };
            line.reserve(&self.message(kind, effect, item, item.qty), line.after(item, self.now), line.version + 1);
        } else {
            line.apply(effect, item, self.now);
        }
    }

    /// An effect that another has begun is waited for while its order is under way. What is left of an order that ended
    /// without it must not hold the line for ever: it is dropped, and should that order be tried again, its effect is
    /// computed anew from what the line has then.
    async fn check_takeover(&self, id: ActivationId, theirs: &Reservation) -> Result<(), Trouble> {
        if theirs.order == self.order.uuid {
            // The effects of an order are done in their order: the one before this was refused just now.
            return Err(Trouble::Never(Never(format!(
                "line {id}: an effect of the order before this one is not done"
            ))));
        }
        let order = self.service.store.order(theirs.order).await?;
        if order.is_some_and(|order| matches!(order.status(), Status::Queued | Status::Provisioning)) {
            let cause = PortError::Unavailable(format!("line {id} waits for another order's effect"));
            return Err(Trouble::Interrupted(Interrupted::Fault(cause)));
        }
        Ok(())
    }

    /// Tells the provisioner what is reserved.
    async fn send(&self, id: ActivationId, reserved: &Reservation) -> Result<ProvisionerValues, Trouble> {
        if self.provisioner.is_configured() && (self.time_left)() < TIME_FOR_A_CALL {
            return Err(Trouble::Interrupted(Interrupted::NoTime));
        }
        match self.provisioner.send(&reserved.id, &reserved.body, self.service.now()).await {
            Ok(ProvisionerAnswer::Done(said)) => Ok(said),
            Ok(ProvisionerAnswer::Refused { status, code }) => {
                let kind = reserved.kind.as_str();
                let code = code.map_or_else(String::new, |code| format!(" {code}"));
                Err(Trouble::Never(Never(format!("line {id}: the provisioner refused to {kind} it: {status}{code}"))))
            }
            Err(fault) => Err(Trouble::Interrupted(match fault.retry_after {
                Some(after) => Interrupted::Later(fault.cause, after),
                None => Interrupted::Fault(fault.cause),
            })),
        }
    }

    /// Tells the provisioner of the lines that were switched off because the order was canceled; why it refused to, if it did.
    pub(super) async fn send_suspensions(
        &self,
        made: &HashMap<ActivationId, Origin>,
    ) -> Result<Vec<String>, Interrupted> {
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
                let said = match self.send(id, &reserved).await {
                    Ok(said) => said,
                    Err(Trouble::Never(Never(reason))) => {
                        refusals.push(reason);
                        ProvisionerValues::default()
                    }
                    Err(Trouble::Interrupted(passing)) => return Err(passing),
                };
                line.apply_response(said);
                if self.service.store.save_activation(&mut line).await? == Save::Saved {
                    break;
                }
                line = self.reread(id).await?;
            }
        }
        Ok(refusals)
    }

    fn message<'b>(
        &'b self,
        kind: EffectKind,
        effect: &'b EffectName,
        item: &'b CartItem,
        qty: u32,
    ) -> EffectMessage<'b> {
        EffectMessage { kind, effect, order: self.order, item: Some(item), qty }
    }

    async fn reread(&self, id: ActivationId) -> Result<Activation, PortError> {
        let gone = || PortError::Corrupt(format!("line {id} is gone"));
        self.service.store.lines(&BTreeSet::from([id])).await?.remove(&id).ok_or_else(gone)
    }
}

/// Switches a line off in the ledger. Where the provisioner may have it, what it is to be told is reserved in the same write.
pub(super) fn switch_off(line: &mut Activation, order: &WorkOrder, origin: &Origin, by: &str, at: Timestamp) {
    if line.provisioner.may_have_it() {
        let effect = EffectName::of_suspension(origin.order, origin.unit);
        let message = EffectMessage { kind: EffectKind::Suspend, effect: &effect, order, item: None, qty: 1 };
        let after = ActivationValues { status: ActivationStatus::Suspended, ..line.values() };
        line.reserve(&message, after, line.version + 1);
    }
    line.switch(ActivationStatus::Suspended, by, Some(format!("{} was canceled", order.reference())), at);
}
