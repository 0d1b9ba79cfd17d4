//! The activations of a canceled order: switched off in the table, then at the provisioner.

use std::collections::{BTreeMap, HashMap};

use super::{
    apply_effect::{EffectError, OrderDelivery, RetryError},
    reasons::joined,
};
use crate::use_case::{
    context::Context,
    orders::update_order::{Update, update_order},
    refusal::OrderRefusal,
};
use crate::{
    domain::{
        activation::{Activation, Origin},
        effect::{EffectKind, EffectName},
        effect_message::EffectMessage,
        ids::ActivationId,
        provisioner::{ActivationValues, ProvisionerValues},
        provisioning::{Effect, effects},
        status::{ActivationStatus, Status},
        time::Timestamp,
        work_order::WorkOrder,
    },
    ports::{Activations, Orders, PortError, Provisioner, RACE_ROUNDS, Save},
};

/// Switches off the lines that a canceled order made, here and at the provisioner.
pub(super) async fn suspend_canceled<S: Orders + Activations, Q, P: Provisioner>(
    delivery: &OrderDelivery<'_, S, Q, P>,
    order: &WorkOrder,
) -> Result<(), RetryError> {
    let context = delivery.context;
    let to_send = suspend_activations(context, order).await?;
    let refusals = if to_send { joined(send_suspensions(delivery, &made_by(order)).await?) } else { None };
    let noted = update_order::<_, _, OrderRefusal>(&context.store, order.clone(), |order| {
        if refusals.is_none() && !order.suspending {
            return Ok(Update::Unchanged(()));
        }
        order.suspending = false;
        if let Some(refusals) = &refusals {
            order.remark("provision", refusals.clone(), context.now());
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
    context: &Context<S, Q>,
    order: &WorkOrder,
) -> Result<bool, PortError> {
    let made = made_by(order);
    let canceled = order.history().iter().find(|change| change.to == Status::Canceled);
    let canceled_at = canceled.map_or(order.updated_at, |change| change.at);
    let by = canceled.map_or("provision", |change| &change.by);
    for _ in 0..RACE_ROUNDS {
        // By number: a run that is repeated takes the same steps.
        let lines: BTreeMap<_, _> = context.store.lines(&made.keys().copied().collect()).await?.into_iter().collect();
        let (mut all, mut to_send) = (true, false);
        for (id, mut line) in lines {
            let Some(origin) = made.get(&id).filter(|origin| line.is_from(origin)) else { continue };
            if line.status != ActivationStatus::Suspended && !line.resumed_since(canceled_at) {
                switch_off(&mut line, order, origin, by, context.now());
                all &= context.store.save_activation(&mut line).await? == Save::Saved;
            }
            to_send |= line.provisioner.reserved.is_some();
        }
        if all {
            return Ok(to_send);
        }
    }
    Err(PortError::Contended { what: "a line" })
}

/// Tells the provisioner of the lines that were switched off because the order was canceled; why it refused to, if it did.
async fn send_suspensions<S: Orders + Activations, Q, P: Provisioner>(
    delivery: &OrderDelivery<'_, S, Q, P>,
    made: &HashMap<ActivationId, Origin>,
) -> Result<Vec<String>, RetryError> {
    let mut refusals = Vec::new();
    let lines = delivery.context.store.lines(&made.keys().copied().collect()).await?;
    let lines: BTreeMap<_, _> = lines.into_iter().collect();
    for (id, mut line) in lines {
        let Some(origin) = made.get(&id).filter(|origin| line.is_from(origin)) else { continue };
        let effect = EffectName::of_suspension(origin.order, origin.unit);
        for round in 0.. {
            let Some(reserved) = line.reserved(&effect).cloned() else { break };
            if round >= RACE_ROUNDS {
                return Err(PortError::Contended { what: "a line" }.into());
            }
            let said = match delivery.send(id, &reserved).await {
                Ok(said) => said,
                Err(EffectError::Permanent(reason)) => {
                    refusals.push(reason);
                    ProvisionerValues::default()
                }
                Err(EffectError::Retry(error)) => return Err(error),
            };
            line.apply_response(said);
            if delivery.context.store.save_activation(&mut line).await? == Save::Saved {
                break;
            }
            line = delivery.reread(id).await?;
        }
    }
    Ok(refusals)
}

/// Switches a line off in the ledger. Where the provisioner may have it, what it is to be told is reserved in the same write.
fn switch_off(line: &mut Activation, order: &WorkOrder, origin: &Origin, by: &str, at: Timestamp) {
    if line.provisioner.may_have_it() {
        let effect = EffectName::of_suspension(origin.order, origin.unit);
        let message = EffectMessage { kind: EffectKind::Suspend, effect: &effect, order, item: None, qty: 1 };
        let after = ActivationValues { status: ActivationStatus::Suspended, ..line.values() };
        line.reserve(&message, after, line.version + 1);
    }
    line.switch(ActivationStatus::Suspended, by, Some(format!("{} was canceled", order.reference())), at);
}
