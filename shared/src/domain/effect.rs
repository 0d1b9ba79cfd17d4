//! What names an effect of an order on a line, and what it does.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What an effect does to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// A new line.
    Create,
    /// Time is added.
    Renew,
    /// A trial becomes a paid line.
    Upgrade,
    /// The line is switched off, for its order was canceled.
    Suspend,
}

impl EffectKind {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Renew => "renew",
            Self::Upgrade => "upgrade",
            Self::Suspend => "suspend",
        }
    }
}

/// The name of one effect of one order: the order and the place in it. Stored as `<uuid>/<place>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectName(String);

impl EffectName {
    /// The effect of cart line `line` (from 1) of `order`.
    pub fn of_line(order: Uuid, line: usize) -> Self {
        Self(format!("{order}/{line}"))
    }

    /// The making of unit `unit` (from 1) of `order`.
    pub fn of_unit(order: Uuid, unit: u32) -> Self {
        Self(format!("{order}/u{unit}"))
    }

    /// The switching off of unit `unit` (from 1) of `order`.
    pub fn of_suspension(order: Uuid, unit: u32) -> Self {
        Self(format!("{order}/s{unit}"))
    }

    /// As it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
