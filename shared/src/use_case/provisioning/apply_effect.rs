//! One effect on one line. Without a provisioner it is one conditional write. With one it is three steps, each of which can be
//! repeated by any consumer: reserve it on the line, tell the provisioner, mark it applied.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use crate::use_case::context::Context;
use crate::{
    domain::{
        activation::{Activation, Origin},
        cart::{CartItem, Intent},
        effect::{EffectKind, EffectName},
        effect_message::EffectMessage,
        ids::ActivationId,
        password::Password,
        provisioner::{ProvisionerValues, Reservation},
        provisioning::new_activation,
        status::{ActivationStatus, Status},
        time::Timestamp,
        work_order::WorkOrder,
    },
    ports::{Activations, Insert, Orders, PortError, Provisioner, ProvisionerAnswer, RACE_ROUNDS, Save},
};

/// Below this, the provisioner is not called: a call takes up to 5 seconds, and its answer must be stored.
pub const TIME_FOR_A_CALL: Duration = Duration::from_secs(6);

/// Why an order is delivered again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryError {
    /// It may work the next time.
    Transient {
        /// Why it did not.
        cause: PortError,
        /// How long the provisioner wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// The invocation ends too soon.
    OutOfTime,
}

impl From<PortError> for RetryError {
    fn from(cause: PortError) -> Self {
        Self::Transient { cause, retry_after: None }
    }
}

/// Why an effect is not applied.
pub(super) enum EffectError {
    /// It never can be; the reason is for operators.
    Permanent(String),
    /// It may be the next time.
    Retry(RetryError),
}

impl From<PortError> for EffectError {
    fn from(error: PortError) -> Self {
        Self::Retry(error.into())
    }
}

/// One delivery of one order.
pub(super) struct OrderDelivery<'a, S, Q, P> {
    pub(super) context: &'a Context<S, Q>,
    pub(super) provisioner: &'a P,
    pub(super) order: &'a WorkOrder,
    /// The order's last queued_at.
    pub(super) now: Timestamp,
    /// Of the invocation.
    pub(super) time_left: &'a (dyn Fn() -> Duration + Sync),
}

impl<S: Orders + Activations, Q, P: Provisioner> OrderDelivery<'_, S, Q, P> {
    /// Makes the line of one unit; its user name. `begun`: the line, where an earlier delivery has reserved it.
    pub(super) async fn make(
        &self,
        item: &CartItem,
        origin: &Origin,
        id: ActivationId,
        begun: Option<&Activation>,
    ) -> Result<Option<String>, EffectError> {
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
            if self.context.store.save_activation(&mut line).await? == Save::Saved {
                return Ok(line.username);
            }
            line = self.reread(id).await?;
        }
        Err(PortError::Contended { what: "a line" }.into())
    }

    /// Stores a new line, if there is none: whole, or, where there is a provisioner, reserved.
    async fn begin(
        &self,
        item: &CartItem,
        origin: &Origin,
        id: ActivationId,
        effect: &EffectName,
    ) -> Result<Activation, EffectError> {
        let password =
            Password::random().map_err(|_| PortError::Unavailable("no randomness for a password".to_owned()))?;
        let mut line = new_activation(self.order, item, origin.clone(), id, password, self.now);
        if self.provisioner.is_configured() {
            let after = line.values();
            line.status = ActivationStatus::Reserved;
            line.reserve(&self.message(EffectKind::Create, effect, item, 1), after, line.version);
        }
        match self.context.store.make(&line).await? {
            Insert::Inserted => Ok(line),
            Insert::AlreadyExists(existing) if existing.is_from(origin) => Ok(*existing),
            Insert::AlreadyExists(_) => {
                Err(EffectError::Permanent(format!("line {id} is there and is not of this order")))
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
    ) -> Result<Option<String>, EffectError> {
        for _ in 0..RACE_ROUNDS {
            let Some(line) = lines.get_mut(&id).filter(|line| line.exists()) else {
                return Err(EffectError::Permanent(format!("line {id} does not exist")));
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
            if self.context.store.save_activation(line).await? == Save::Conflict {
                lines.remove(&id);
                lines.extend(self.context.store.lines(&BTreeSet::from([id])).await?);
            }
        }
        Err(PortError::Contended { what: "a line" }.into())
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
    async fn check_takeover(&self, id: ActivationId, theirs: &Reservation) -> Result<(), EffectError> {
        if theirs.order == self.order.uuid {
            // The effects of an order are done in their order: the one before this was refused just now.
            return Err(EffectError::Permanent(format!(
                "line {id}: an effect of the order before this one is not done"
            )));
        }
        let order = self.context.store.order(theirs.order).await?;
        if order.is_some_and(|order| matches!(order.status(), Status::Queued | Status::Provisioning)) {
            let cause = PortError::Unavailable(format!("line {id} waits for another order's effect"));
            return Err(cause.into());
        }
        Ok(())
    }

    /// Tells the provisioner what is reserved.
    pub(super) async fn send(
        &self,
        id: ActivationId,
        reserved: &Reservation,
    ) -> Result<ProvisionerValues, EffectError> {
        if self.provisioner.is_configured() && (self.time_left)() < TIME_FOR_A_CALL {
            return Err(EffectError::Retry(RetryError::OutOfTime));
        }
        match self.provisioner.send(&reserved.id, &reserved.body, self.context.now()).await {
            Ok(ProvisionerAnswer::Done(said)) => Ok(said),
            Ok(ProvisionerAnswer::Refused { status, code }) => {
                let kind = reserved.kind.as_str();
                let code = code.map_or_else(String::new, |code| format!(" {code}"));
                Err(EffectError::Permanent(format!("line {id}: the provisioner refused to {kind} it: {status}{code}")))
            }
            Err(error) => {
                Err(EffectError::Retry(RetryError::Transient { cause: error.cause, retry_after: error.retry_after }))
            }
        }
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

    pub(super) async fn reread(&self, id: ActivationId) -> Result<Activation, PortError> {
        let gone = || PortError::Corrupt(format!("line {id} is gone"));
        self.context.store.lines(&BTreeSet::from([id])).await?.remove(&id).ok_or_else(gone)
    }
}
