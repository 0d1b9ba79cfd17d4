//! What an order does to lines, as a list of steps that can each be repeated.

use std::{collections::BTreeSet, time::Duration};

use super::{
    activation::{Activation, Origin},
    cart::{CartItem, Intent},
    effect::EffectName,
    ids::ActivationId,
    password::Password,
    provisioner::ProvisionerState,
    status::ActivationStatus,
    time::{Timestamp, add_months},
    work_order::WorkOrder,
};

/// One effect of an order.
#[derive(Debug, Clone)]
pub enum Effect<'a> {
    /// Make a line.
    Make {
        /// Index of the cart line.
        index: usize,
        /// The cart line.
        item: &'a CartItem,
        /// Order and unit.
        origin: Origin,
        /// The number the line gets.
        id: ActivationId,
    },
    /// Renew or upgrade a line.
    Apply {
        /// Index of the cart line.
        index: usize,
        /// The cart line.
        item: &'a CartItem,
        /// Under which name it is kept on the line.
        name: EffectName,
        /// The line.
        id: ActivationId,
    },
}

impl Effect<'_> {
    /// Index of the cart line it belongs to.
    pub fn index(&self) -> usize {
        match self {
            Self::Make { index, .. } | Self::Apply { index, .. } => *index,
        }
    }
}

/// The effects of `order`, in its cart's order: the same list at every delivery.
pub fn effects(order: &WorkOrder) -> Vec<Effect<'_>> {
    let mut units = 0;
    let mut effects = Vec::new();
    for (index, item) in order.cart.iter().enumerate() {
        match (item.intent, item.activation_id) {
            (Intent::NewActivation, _) => effects.extend((0..item.qty).map(|_| {
                units += 1;
                Effect::Make {
                    index,
                    item,
                    origin: Origin { order: order.uuid, unit: units },
                    id: ActivationId::of_unit(order.number, units),
                }
            })),
            (Intent::Renewal | Intent::TrialUpgrade, Some(id)) => {
                effects.push(Effect::Apply { index, item, name: EffectName::of_line(order.uuid, index + 1), id });
            }
            // Requests without a line are refused at the door.
            (Intent::Renewal | Intent::TrialUpgrade, None) => {}
        }
    }
    effects
}

/// The line that a new activation becomes. `now`: the order's last queued_at.
pub fn new_activation(
    order: &WorkOrder,
    item: &CartItem,
    origin: Origin,
    id: ActivationId,
    password: Password,
    now: Timestamp,
) -> Activation {
    Activation {
        id,
        origin: Some(origin),
        product_id: item.product_id,
        customer_email: order.customer.email.clone(),
        customer_name: order.customer.name.clone(),
        // Unique because the number is; a random name could meet another.
        username: Some(format!("line{id}")),
        password: Some(password),
        connections: item.connections,
        bouquet_ids: if order.bouquet_ids.is_empty() { item.bouquet_ids.clone() } else { order.bouquet_ids.clone() },
        categories: order.categories.clone(),
        starts_at: Some(now),
        expires_at: Some(add_months(now, item.duration_months)),
        status: ActivationStatus::Active,
        is_trial: item.is_trial,
        applied: BTreeSet::new(),
        changes: Vec::new(),
        provisioner: ProvisionerState::default(),
        version: 1,
    }
}

/// Deliveries of one message before it rests in the dead-letter queue: the queue's `maxReceiveCount`.
pub const MAX_DELIVERIES: u32 = 10;

/// How long a message waits after its `delivery`th failed delivery (from 1): 2, 5, 15, 30, 60, then 120 seconds.
pub fn back_off(delivery: u32) -> Duration {
    const SECONDS: [u64; 5] = [2, 5, 15, 30, 60];
    let index = usize::try_from(delivery.saturating_sub(1)).unwrap_or(usize::MAX);
    Duration::from_secs(SECONDS.get(index).copied().unwrap_or(120))
}

/// Re-sends of an order by the sweep before it gives up.
pub const MAX_RESENDS: u32 = 10;

/// How long the sweep leaves an order alone after its `resend`th re-send (from 1): 1, 2, 4, 8, 16, then 32 minutes.
pub fn resend_interval(resend: u32) -> Duration {
    Duration::from_secs(60 << resend.saturating_sub(1).min(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_grow_to_their_cap() {
        let waits: Vec<u64> = (1..=8).map(|n| back_off(n).as_secs()).collect();
        assert_eq!(waits, [2, 5, 15, 30, 60, 120, 120, 120]);
        let minutes: Vec<u64> = (1..=8).map(|n| resend_interval(n).as_secs() / 60).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 32, 32]);
    }
}
