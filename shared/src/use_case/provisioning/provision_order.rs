//! One order made real, line by line. Every step can be repeated, by this consumer or another, and cut off anywhere.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use super::apply_effect::{Never, Trouble, Work, switch_off};
use crate::use_case::{
    RACE_ROUNDS, Worker,
    orders::update_order::{Update, update_order},
    too_contended,
};
use crate::{
    domain::{
        activation::{Activation, ActivationStatus, Origin},
        ids::ActivationId,
        provisioning::{Effect, effects},
        status::Status,
        time::Timestamp,
        work_order::WorkOrder,
    },
    ports::{Activations, OrderRef, Orders, PortError, Provisioner, Save},
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

/// Why an order must be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interrupted {
    /// A fault that may pass.
    Fault(PortError),
    /// A fault that may pass, but not before this much time.
    Later(PortError, Duration),
    /// The invocation ends too soon.
    NoTime,
}

impl From<PortError> for Interrupted {
    fn from(error: PortError) -> Self {
        Self::Fault(error)
    }
}

/// Provisions `order` as it was read. A fault that may pass gives the order back as it was last seen.
pub async fn provision_order<S: Orders + Activations, Q, P: Provisioner>(
    service: &Worker<S, Q>,
    provisioner: &P,
    order: WorkOrder,
    tried_before: bool,
    time_left: &(dyn Fn() -> Duration + Sync),
) -> Result<ProvisionResult, (Option<Box<WorkOrder>>, Interrupted)> {
    let now = order.queued_at.unwrap_or(order.created_at);
    let work = Work { service, provisioner, order: &order, now, time_left };
    let result = match order.status() {
        Status::Queued | Status::Provisioning => run(&work, tried_before).await,
        // A consumer may have died after it made lines and before it saw that the order was canceled.
        Status::Canceled => suspend_canceled(&work, &order).await.map(|()| ProvisionResult::Nothing),
        _ => Ok(ProvisionResult::Nothing),
    };
    result.map_err(|passing| (Some(Box::new(order)), passing))
}

async fn run<S: Orders + Activations, Q, P: Provisioner>(
    work: &Work<'_, S, Q, P>,
    tried_before: bool,
) -> Result<ProvisionResult, Interrupted> {
    let Work { service, order, .. } = work;
    let effects = effects(order);
    let named: BTreeSet<ActivationId> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Apply { id, .. } => Some(*id),
            // What was made before need not be tried again: a large order on a slow day gets further with each delivery.
            Effect::Make { id, .. } => tried_before.then_some(*id),
        })
        .collect();
    let mut lines = if named.is_empty() { HashMap::new() } else { service.store.lines(&named).await? };
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
        if (work.time_left)() < TIME_FOR_AN_EFFECT {
            return Err(Interrupted::NoTime);
        }
        let done = match &effect {
            Effect::Make { item, origin, id, .. } => work.make(item, origin, *id, begun).await,
            Effect::Apply { item, name, id, .. } => work.apply(item, name, *id, &mut lines).await,
        };
        match done {
            Ok(username) => {
                if let Some(names) = usernames.get_mut(index) {
                    names.extend(username);
                }
            }
            // The customer gets what can be done; the rest is for an operator.
            Err(Trouble::Never(Never(reason))) => failures.push(reason),
            Err(Trouble::Interrupted(passing)) => return Err(passing),
        }
    }
    finish(work, usernames, reason(failures)).await
}

/// The reasons as one text of bounded length: an order has up to 99 lines.
fn reason(failures: Vec<String>) -> Option<String> {
    const SHOWN: usize = 10;
    let more = failures.len().saturating_sub(SHOWN);
    let mut shown = failures.into_iter().take(SHOWN).collect::<Vec<_>>();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    (!shown.is_empty()).then(|| shown.join("; "))
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
    work: &Work<'_, S, Q, P>,
    usernames: Vec<Vec<String>>,
    failure: Option<String>,
) -> Result<ProvisionResult, Interrupted> {
    let Work { service, order, .. } = work;
    let mut current = (*order).clone();
    for _ in 0..RACE_ROUNDS {
        let now = service.now();
        // The lines were made for this queueing of the order; one that was queued anew since is another delivery's.
        let superseded = current.queued_at != order.queued_at;
        let (to, note) = match (current.status(), &failure) {
            (Status::Canceled, _) => {
                suspend_canceled(work, &current).await?;
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
        if service.store.save(&mut current).await? == Save::Saved {
            return Ok(match failure {
                Some(reason) => ProvisionResult::Failed { reason },
                None => ProvisionResult::Completed {
                    seconds: seconds_since(current.queued_at.unwrap_or(current.created_at), now),
                },
            });
        }
        current = reread(service, order).await?;
    }
    Err(too_contended("the order").into())
}

fn seconds_since(start: Timestamp, now: Timestamp) -> f64 {
    (now - start).to_std().unwrap_or_default().as_secs_f64()
}

async fn reread<S: Orders, Q>(service: &Worker<S, Q>, order: &WorkOrder) -> Result<WorkOrder, PortError> {
    let gone = || PortError::Corrupt("an order is gone".to_owned());
    service.store.order(order.uuid).await?.ok_or_else(gone)
}

/// Switches off the lines that a canceled order made, here and at the provisioner.
async fn suspend_canceled<S: Orders + Activations, Q, P: Provisioner>(
    work: &Work<'_, S, Q, P>,
    order: &WorkOrder,
) -> Result<(), Interrupted> {
    let service = work.service;
    let to_send = suspend_activations(service, order).await?;
    let refusals = if to_send { reason(work.send_suspensions(&made_by(order)).await?) } else { None };
    let noted = update_order(&service.store, order.clone(), |order| {
        if refusals.is_none() && !order.suspending {
            return Ok(Update::Unchanged(()));
        }
        order.suspending = false;
        if let Some(refusals) = &refusals {
            order.remark("provision", refusals.clone(), service.now());
        }
        Ok(Update::Store(()))
    });
    if noted.await.is_err() {
        // The sweep sends the order once more, which does no harm.
        tracing::warn!(
            "that a canceled order's lines are switched off, or why not at the provisioner, could not be noted"
        );
    }
    Ok(())
}

/// The lines that an order makes.
fn made_by(order: &WorkOrder) -> HashMap<ActivationId, Origin> {
    let made = effects(order).into_iter().filter_map(|effect| match effect {
        Effect::Make { id, origin, .. } => Some((id, origin)),
        Effect::Apply { .. } => None,
    });
    made.collect()
}

/// Switches off the lines that a canceled order made, but for one that an operator has switched on since. Returns whether
/// the provisioner is still to be told, which the provisioning queue's consumer does.
pub(in crate::use_case) async fn suspend_activations<S: Activations, Q>(
    service: &Worker<S, Q>,
    order: &WorkOrder,
) -> Result<bool, PortError> {
    let made = made_by(order);
    let canceled = order.history().iter().find(|change| change.to == Status::Canceled);
    let canceled_at = canceled.map_or(order.updated_at, |change| change.at);
    let by = canceled.map_or("provision", |change| &change.by);
    for _ in 0..RACE_ROUNDS {
        // By number: a run that is repeated takes the same steps.
        let lines: BTreeMap<_, _> = service.store.lines(&made.keys().copied().collect()).await?.into_iter().collect();
        let (mut all, mut to_send) = (true, false);
        for (id, mut line) in lines {
            let Some(origin) = made.get(&id).filter(|origin| line.is_from(origin)) else { continue };
            if line.status != ActivationStatus::Suspended && !line.resumed_since(canceled_at) {
                switch_off(&mut line, order, origin, by, service.now());
                all &= service.store.save_activation(&mut line).await? == Save::Saved;
            }
            to_send |= line.provisioner.reserved.is_some();
        }
        if all {
            return Ok(to_send);
        }
    }
    Err(too_contended("a line"))
}

/// Marks an order that was tried often enough as failed. Returns whether this call did it.
pub async fn give_up<S: Orders, Q>(service: &Worker<S, Q>, name: OrderRef, reason: &str) -> Result<bool, PortError> {
    fail(service, name, "provision", reason, |_| true).await
}

/// Marks a queued order as failed, if `still` holds of it as it is now.
pub(super) async fn fail<S: Orders, Q>(
    service: &Worker<S, Q>,
    name: OrderRef,
    by: &str,
    reason: &str,
    still: impl Fn(&WorkOrder) -> bool,
) -> Result<bool, PortError> {
    for _ in 0..RACE_ROUNDS {
        let Some(mut order) = service.store.order(name.order).await? else {
            return Ok(false);
        };
        if !still(&order) || order.change(Status::Failed, by, Some(reason.to_owned()), service.now()).is_err() {
            return Ok(false);
        }
        order.failure = Some(reason.to_owned());
        if service.store.save(&mut order).await? == Save::Saved {
            return Ok(true);
        }
    }
    Err(too_contended("the order"))
}

/// Tells the sweep that a retry is under way. Where this fails, the sweep sends the order once more, which does no harm.
pub async fn postpone_order<S: Orders, Q>(service: &Worker<S, Q>, mut order: Box<WorkOrder>, delay: Duration) {
    if order.open_as() != Some(Status::Queued) {
        return;
    }
    order.next_attempt_at = Some(service.now() + delay);
    if let Err(error) = service.store.save(&mut order).await {
        tracing::warn!(cause = %error, "an order's next attempt could not be noted");
    }
}
