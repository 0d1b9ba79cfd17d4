//! One order made real, line by line. Every step can be repeated, by this consumer or another, and cut off anywhere.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use super::{
    apply_effect::{EffectError, OrderDelivery, RetryError},
    reasons::joined,
    suspend_canceled::suspend_canceled,
};
use crate::use_case::context::Context;
use crate::{
    domain::{
        activation::Activation,
        ids::ActivationId,
        provisioning::{Effect, effects},
        status::Status,
        time::Timestamp,
        work_order::WorkOrder,
    },
    ports::{Activations, OrderRef, Orders, PortError, Provisioner, RACE_ROUNDS, Save},
};

/// Below this, no new effect is begun: a put that is tried three times takes as long as an operation may, 6 seconds.
pub const TIME_FOR_AN_EFFECT: Duration = Duration::from_secs(7);

/// How provisioning an order ended.
#[derive(Debug, Clone, PartialEq)]
pub enum ProvisionResult {
    /// Every line is done.
    Completed {
        /// Seconds since it was queued.
        seconds: f64,
    },
    /// A line can never be done.
    Failed {
        /// Why.
        reason: String,
    },
    /// There was nothing to do.
    Nothing,
}

/// Provisions `order` as it was read. A fault that may pass gives the order back as it was last seen.
pub async fn provision_order<S: Orders + Activations, Q, P: Provisioner>(
    context: &Context<S, Q>,
    provisioner: &P,
    order: WorkOrder,
    tried_before: bool,
    time_left: &(dyn Fn() -> Duration + Sync),
) -> Result<ProvisionResult, (Option<Box<WorkOrder>>, RetryError)> {
    let now = order.queued_at.unwrap_or(order.created_at);
    let delivery = OrderDelivery { context, provisioner, order: &order, now, time_left };
    let result = match order.status() {
        Status::Queued | Status::Provisioning => run(&delivery, tried_before).await,
        // A consumer may have died after it made lines and before it saw that the order was canceled.
        Status::Canceled => suspend_canceled(&delivery, &order).await.map(|()| ProvisionResult::Nothing),
        _ => Ok(ProvisionResult::Nothing),
    };
    result.map_err(|error| (Some(Box::new(order)), error))
}

async fn run<S: Orders + Activations, Q, P: Provisioner>(
    delivery: &OrderDelivery<'_, S, Q, P>,
    tried_before: bool,
) -> Result<ProvisionResult, RetryError> {
    let OrderDelivery { context, order, .. } = delivery;
    let effects = effects(order);
    let named: BTreeSet<ActivationId> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Apply { id, .. } => Some(*id),
            // What was made before need not be tried again: a large order on a slow day gets further with each delivery.
            Effect::Make { id, .. } => tried_before.then_some(*id),
        })
        .collect();
    let mut lines = if named.is_empty() { HashMap::new() } else { context.store.lines(&named).await? };
    let mut usernames: Vec<Vec<String>> = vec![Vec::new(); order.cart.len()];
    let mut failures = Vec::new();
    for effect in effects {
        let index = effect.index();
        let begun = started_before(&effect, &lines);
        if let Some(line) = begun.filter(|line| line.exists()) {
            if let Some(names) = usernames.get_mut(index) {
                names.extend(line.username.clone());
            }
            continue;
        }
        if (delivery.time_left)() < TIME_FOR_AN_EFFECT {
            return Err(RetryError::OutOfTime);
        }
        let done = match &effect {
            Effect::Make { item, origin, id, .. } => delivery.make(item, origin, *id, begun).await,
            Effect::Apply { item, name, id, .. } => delivery.apply(item, name, *id, &mut lines).await,
        };
        match done {
            Ok(username) => {
                if let Some(names) = usernames.get_mut(index) {
                    names.extend(username);
                }
            }
            // The customer gets what can be done; the rest is for an operator.
            Err(EffectError::Permanent(reason)) => failures.push(reason),
            Err(EffectError::Retry(error)) => return Err(error),
        }
    }
    finish(delivery, usernames, joined(failures)).await
}

/// The line that an effect made, or began to make, at an earlier delivery.
fn started_before<'a>(effect: &Effect<'_>, lines: &'a HashMap<ActivationId, Activation>) -> Option<&'a Activation> {
    match effect {
        Effect::Make { id, origin, .. } => lines.get(id).filter(|line| line.is_from(origin)),
        Effect::Apply { .. } => None,
    }
}

/// Stores the end of it. Whatever others did to the order meanwhile is read again and decided again.
async fn finish<S: Orders + Activations, Q, P: Provisioner>(
    delivery: &OrderDelivery<'_, S, Q, P>,
    usernames: Vec<Vec<String>>,
    failure: Option<String>,
) -> Result<ProvisionResult, RetryError> {
    let OrderDelivery { context, order, .. } = delivery;
    let mut current = (*order).clone();
    for _ in 0..RACE_ROUNDS {
        let now = context.now();
        // The lines were made for this queueing of the order; one that was queued anew since is another delivery's.
        let superseded = current.queued_at != order.queued_at;
        let (to, note) = match (current.status(), &failure) {
            (Status::Canceled, _) => {
                suspend_canceled(delivery, &current).await?;
                return Ok(ProvisionResult::Nothing);
            }
            (Status::Completed, _) => return Ok(ProvisionResult::Nothing),
            _ if superseded => return Ok(ProvisionResult::Nothing),
            (_, None) => (Status::Completed, None),
            (Status::Queued | Status::Provisioning, Some(reason)) => (Status::Failed, Some(reason.clone())),
            (_, Some(_)) => return Ok(ProvisionResult::Nothing),
        };
        if current.change(to, "provision", note, now).is_err() {
            return Ok(ProvisionResult::Nothing);
        }
        current.failure.clone_from(&failure);
        for (item, names) in current.cart.iter_mut().zip(&usernames) {
            item.linked_usernames.clone_from(names);
        }
        if context.store.save(&mut current).await? == Save::Saved {
            return Ok(match failure {
                Some(reason) => ProvisionResult::Failed { reason },
                None => ProvisionResult::Completed {
                    seconds: seconds_since(current.queued_at.unwrap_or(current.created_at), now),
                },
            });
        }
        current = reread(context, order).await?;
    }
    Err(PortError::Contended { what: "the order" }.into())
}

fn seconds_since(start: Timestamp, now: Timestamp) -> f64 {
    (now - start).to_std().unwrap_or_default().as_secs_f64()
}

async fn reread<S: Orders, Q>(context: &Context<S, Q>, order: &WorkOrder) -> Result<WorkOrder, PortError> {
    let gone = || PortError::Corrupt("an order is gone".to_owned());
    context.store.order(order.uuid).await?.ok_or_else(gone)
}

/// Marks an order that was tried often enough as failed. Returns whether this call did it.
pub async fn give_up<S: Orders, Q>(context: &Context<S, Q>, name: OrderRef, reason: &str) -> Result<bool, PortError> {
    fail(context, name, "provision", reason, |_| true).await
}

/// Marks a queued order as failed, if `still` holds of it as it is now.
pub(super) async fn fail<S: Orders, Q>(
    context: &Context<S, Q>,
    name: OrderRef,
    by: &str,
    reason: &str,
    still: impl Fn(&WorkOrder) -> bool,
) -> Result<bool, PortError> {
    for _ in 0..RACE_ROUNDS {
        let Some(mut order) = context.store.order(name.order).await? else {
            return Ok(false);
        };
        if !still(&order) || order.change(Status::Failed, by, Some(reason.to_owned()), context.now()).is_err() {
            return Ok(false);
        }
        order.failure = Some(reason.to_owned());
        if context.store.save(&mut order).await? == Save::Saved {
            return Ok(true);
        }
    }
    Err(PortError::Contended { what: "the order" })
}

/// Tells the sweep that a retry is under way. Where this fails, the sweep sends the order once more, which does no harm.
pub async fn postpone_order<S: Orders, Q>(context: &Context<S, Q>, mut order: Box<WorkOrder>, delay: Duration) {
    if order.open_as() != Some(Status::Queued) {
        return;
    }
    order.next_attempt_at = Some(context.now() + delay);
    if let Err(error) = context.store.save(&mut order).await {
        tracing::warn!(cause = %error, "an order's next attempt could not be noted");
    }
}
