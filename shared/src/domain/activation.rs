//! Service lines ("activations") and what an order does to them. Every effect carries a name and is kept on the line, so
//! that applying it again changes nothing.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use uuid::Uuid;

use super::{
    cart::{CartItem, Intent},
    catalogue::{Category, Product},
    effect::{EffectKind, EffectName},
    email::Email,
    ids::{ActivationId, BouquetId, ProductId},
    password::Password,
    provisioner::{ActivationValues, ProvisionerState, ProvisionerValues, Reservation},
    status::ActivationStatus,
    time::{Timestamp, add_months},
};

/// Which order made a line, and as which of its units. Only this tells a line that was made before from somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The order.
    pub order: Uuid,
    /// The unit in it, 1..=99.
    pub unit: u32,
}

/// A change that somebody made to whether a line serves.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationChange {
    /// When.
    pub at: Timestamp,
    /// By whom, as in an order's history.
    pub by: String,
    /// The status after.
    pub to: ActivationStatus,
    /// Why.
    pub note: Option<String>,
}

/// Changes kept of a line: the latest.
const CHANGES_LIMIT: usize = 20;

/// A service line.
#[skip_serializing_none]
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// Its number.
    pub id: ActivationId,
    /// The order that made it; none for a line that was there before.
    pub origin: Option<Origin>,
    /// The product it has.
    pub product_id: ProductId,
    /// Its owner.
    pub customer_email: Email,
    /// Its owner's name.
    pub customer_name: Option<String>,
    /// User name to log in with.
    pub username: Option<String>,
    /// Password to log in with.
    pub password: Option<Password>,
    /// Devices that may watch at once.
    pub connections: u32,
    /// Its bouquets.
    pub bouquet_ids: Vec<BouquetId>,
    /// Its kinds of content; empty: all.
    pub categories: Vec<Category>,
    /// Since when it serves.
    pub starts_at: Option<Timestamp>,
    /// Until when; none: for ever.
    pub expires_at: Option<Timestamp>,
    /// Does it serve?
    pub status: ActivationStatus,
    /// Is it a free trial?
    pub is_trial: bool,
    /// Effects that were applied to it.
    pub applied: BTreeSet<EffectName>,
    /// Who switched it off and on, oldest first; the latest 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ActivationChange>,
    /// What is known of it at the provisioner.
    #[serde(default, skip_serializing_if = "ProvisionerState::is_empty", rename = "panel")]
    pub provisioner: ProvisionerState,
    /// Counts the writes to it; every write is conditional on the one before.
    pub version: u64,
}

impl fmt::Debug for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its owner, user name and password are nobody's in a log.
        write!(f, "Activation({}, {:?}, until {:?}, version {})", self.id, self.status, self.expires_at, self.version)
    }
}

impl Activation {
    /// Was the line made by this unit of this order?
    pub fn is_from(&self, origin: &Origin) -> bool {
        self.origin.as_ref() == Some(origin)
    }

    /// Switches the line off or on, and keeps who did.
    pub fn switch(&mut self, to: ActivationStatus, by: &str, note: Option<String>, at: Timestamp) {
        self.status = to;
        if self.changes.len() >= CHANGES_LIMIT {
            self.changes.remove(0);
        }
        self.changes.push(ActivationChange { at, by: by.to_owned(), to, note });
    }

    /// Was it switched on by somebody after `then`?
    pub fn resumed_since(&self, then: Timestamp) -> bool {
        self.changes.iter().any(|change| change.to == ActivationStatus::Active && change.at > then)
    }

    /// Is it there, whether or not it serves? A line that is being made is not, for everybody but its maker.
    pub fn exists(&self) -> bool {
        self.status != ActivationStatus::Reserved
    }

    /// What it has.
    pub fn values(&self) -> ActivationValues {
        ActivationValues {
            product_id: self.product_id,
            connections: self.connections,
            expires_at: self.expires_at,
            is_trial: self.is_trial,
            status: self.status,
        }
    }

    /// Applies a renewal or an upgrade at `now`, the order's last queued_at, so that every delivery computes the same.
    /// Returns whether anything changed: an effect that was applied before changes nothing.
    ///
    /// - A renewal adds its months to what is left of the line. Its product becomes the line's where it has at least the
    ///   line's connections (another order may have raised them since), or where the line was a trial.
    /// - An upgrade of a trial starts from `now`. A line that is no trial any more was upgraded or renewed by another
    ///   order meanwhile: then the upgrade is a renewal, so that no paid month is lost.
    /// - A line without expiry keeps none.
    pub fn apply(&mut self, effect: &EffectName, item: &CartItem, now: Timestamp) -> bool {
        if !self.applied.insert(effect.clone()) {
            return false;
        }
        let after = self.after(item, now);
        (self.product_id, self.connections, self.expires_at, self.is_trial) =
            (after.product_id, after.connections, after.expires_at, after.is_trial);
        true
    }

    /// What the line has once a renewal or an upgrade is applied.
    pub fn after(&self, item: &CartItem, now: Timestamp) -> ActivationValues {
        let mut after = self.values();
        let from_now = item.intent == Intent::TrialUpgrade && self.is_trial;
        after.expires_at = self.expires_at.map(|until| {
            let start = if from_now { now } else { until.max(now) };
            add_months(start, item.duration_months.saturating_mul(item.qty))
        });
        if self.is_trial || item.connections >= self.connections {
            after.product_id = item.product_id;
            after.connections = item.connections;
        }
        // Paid time makes it a paid line, whichever of several orders came first.
        after.is_trial = false;
        after
    }

    /// The effect that is under way under this name.
    pub fn reserved(&self, effect: &EffectName) -> Option<&Reservation> {
        self.provisioner.reserved.as_deref().filter(|reserved| reserved.effect == *effect)
    }

    /// Applies the effect that was under way, with what the provisioner said.
    pub fn apply_response(&mut self, said: ProvisionerValues) {
        let Some(reserved) = self.provisioner.reserved.take() else { return };
        let ActivationValues { product_id, connections, expires_at, is_trial, status } = reserved.after;
        (self.product_id, self.connections, self.expires_at, self.is_trial) =
            (product_id, connections, expires_at, is_trial);
        match reserved.kind {
            EffectKind::Create | EffectKind::Suspend => self.status = status,
            // Whether it serves may have been changed meanwhile, and is none of theirs.
            EffectKind::Renew | EffectKind::Upgrade => {
                self.applied.insert(reserved.effect);
            }
        }
        self.username = said.username.or_else(|| self.username.take());
        self.password = said.password.map(Password::given).or_else(|| self.password.take());
        self.provisioner.host = said.host.or_else(|| self.provisioner.host.take());
        self.provisioner.external_id = said.external_id.or_else(|| self.provisioner.external_id.take());
        self.provisioner.notified = true;
    }
}

/// Why a product cannot be applied to an existing line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// A renewal onto fewer connections.
    #[error("has fewer connections than the line it would renew")]
    FewerConnections,
    /// An upgrade of a line that is no trial.
    #[error("names a line that is not a trial; use a renewal")]
    NotATrial,
}

/// May `product` be applied to `line` with this intent? A renewal's product has at least the line's connections; a
/// trial line may go to any product; only a trial can be upgraded.
pub fn check(intent: Intent, product: &Product, line: &Activation) -> Result<(), Mismatch> {
    match intent {
        Intent::NewActivation => Ok(()),
        Intent::TrialUpgrade if line.is_trial => Ok(()),
        Intent::TrialUpgrade => Err(Mismatch::NotATrial),
        Intent::Renewal if line.is_trial || product.connections >= line.connections => Ok(()),
        Intent::Renewal => Err(Mismatch::FewerConnections),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{money::Amount, time::from_wire};

    fn line(is_trial: bool) -> Activation {
        Activation {
            id: ActivationId(321),
            origin: None,
            product_id: ProductId(1),
            customer_email: Email::parse("john@example.com").unwrap(),
            customer_name: None,
            username: Some("line321".into()),
            password: None,
            connections: 2,
            bouquet_ids: vec![],
            categories: vec![],
            starts_at: None,
            expires_at: from_wire("2026-12-01 00:00:00"),
            status: ActivationStatus::Active,
            is_trial,
            applied: BTreeSet::new(),
            changes: vec![],
            provisioner: ProvisionerState::default(),
            version: 1,
        }
    }

    fn item(intent: Intent, connections: u32, qty: u32) -> CartItem {
        CartItem {
            product_id: ProductId(2),
            name: "Plus".into(),
            price: Amount::ZERO,
            duration_months: 3,
            connections,
            is_trial: false,
            bouquet_ids: vec![],
            panel_product_id: None,
            intent,
            activation_id: Some(ActivationId(321)),
            qty,
            linked_usernames: vec![],
        }
    }

    fn effect(place: usize) -> EffectName {
        EffectName::of_line(Uuid::from_u128(9), place)
    }

    #[test]
    fn a_renewal_adds_its_months_once() {
        let now = from_wire("2026-11-23 12:00:00").unwrap();
        let mut line = line(false);
        assert!(line.apply(&effect(1), &item(Intent::Renewal, 2, 2), now));
        assert_eq!(line.expires_at, from_wire("2027-06-01 00:00:00"));
        assert_eq!((line.product_id, line.connections), (ProductId(2), 2));
        let before = line.clone();
        assert!(!line.apply(&effect(1), &item(Intent::Renewal, 2, 2), now));
        assert_eq!(line, before);
    }

    #[test]
    fn time_is_added_even_where_the_product_no_longer_fits() {
        let now = from_wire("2027-01-15 12:00:00").unwrap();
        let mut line = line(false);
        line.apply(&effect(1), &item(Intent::Renewal, 1, 1), now);
        assert_eq!(line.expires_at, from_wire("2027-04-15 12:00:00"), "from now, since it had run out");
        assert_eq!((line.product_id, line.connections), (ProductId(1), 2));
    }

    #[test]
    fn renewals_and_an_upgrade_of_a_trial_keep_every_month_in_any_order() {
        let now = from_wire("2026-11-23 12:00:00").unwrap();
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut line = line(true);
            for place in order {
                let intent = if place == 0 { Intent::TrialUpgrade } else { Intent::Renewal };
                line.apply(&effect(place), &item(intent, 1, 1), now);
            }
            assert!(line.expires_at >= from_wire("2027-08-23 12:00:00"), "9 months from now: {:?}", line.expires_at);
            assert!(!line.is_trial);
        }
    }

    #[test]
    fn no_expiry_stays_none() {
        let mut line = line(false);
        line.expires_at = None;
        line.apply(&effect(1), &item(Intent::Renewal, 2, 1), Timestamp::UNIX_EPOCH);
        assert_eq!(line.expires_at, None);
    }
}
