//! What the provisioner, the system that serves the lines, is told of an effect, and what the line keeps of it.
//!
//! An effect is first reserved on its line, with the values that the line will have and the message as it is sent; only then
//! is the provisioner called, and only then is the effect applied. So every repeat, by any consumer, sends the same bytes.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    effect::{EffectKind, EffectName},
    ids::ProductId,
    status::ActivationStatus,
    time::Timestamp,
};

/// What a line will have once an effect is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationValues {
    /// The product.
    pub product_id: ProductId,
    /// Devices that may watch at once.
    pub connections: u32,
    /// Until when; none: for ever.
    pub expires_at: Option<Timestamp>,
    /// Is it a free trial?
    pub is_trial: bool,
    /// Does it serve?
    pub status: ActivationStatus,
}

/// An effect that is under way: the provisioner may have been told, and may have done it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Of which order. Another order's effect waits, unless this order has ended without it.
    pub order: Uuid,
    /// Under which name it is kept once it is applied.
    pub effect: EffectName,
    /// What it does.
    pub kind: EffectKind,
    /// The message's id: the same at every repeat, and another for every other message.
    pub id: String,
    /// What the line will have.
    pub after: ActivationValues,
    /// The message, as it is sent.
    pub body: String,
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The message holds a password and an address.
        write!(f, "Reservation({})", self.id)
    }
}

/// What is known of a line at the provisioner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionerState {
    /// The effect that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<Box<Reservation>>,
    /// Was an effect applied that the provisioner was, or may have been, told of?
    #[serde(default, rename = "told", skip_serializing_if = "std::ops::Not::not")]
    pub notified: bool,
    /// The host it is served from, if the provisioner has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The provisioner's own id of it, if the provisioner has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

impl ProvisionerState {
    /// Is nothing known?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// May the provisioner have the line?
    pub fn may_have_it(&self) -> bool {
        self.notified || self.reserved.is_some()
    }
}

/// What the provisioner says of a line beside that an effect is done. What it leaves out is as it was sent. Debug prints none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProvisionerValues {
    /// User name in place of the one that was sent.
    pub username: Option<String>,
    /// Password in place of the one that was sent.
    pub password: Option<String>,
    /// The host the line is served from.
    pub host: Option<String>,
    /// Its own id of the line.
    pub external_id: Option<String>,
}

impl fmt::Debug for ProvisionerValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProvisionerValues(…)")
    }
}
