//! What the service sends. Fields that this provisioner does not use are left out; new ones do no harm.

use serde::{Deserialize, Serialize};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Make the line.
    Create,
    /// Set a later end.
    Renew,
    /// Turn a trial into a paid line.
    Upgrade,
    /// Switch the line off.
    Suspend,
}

/// A message.
#[derive(Deserialize)]
pub struct Message {
    /// The same as the header `webhook-id`.
    pub id: String,
    /// What is to be done.
    pub effect: Effect,
    /// The line as it is to be.
    pub line: LinePart,
    /// Until when it serves, `2026-12-23T12:00:00Z`; none: for ever.
    pub expires_at: Option<String>,
}

/// The line in a message.
#[derive(Deserialize)]
pub struct LinePart {
    /// Its number.
    pub id: u64,
    /// Grows with every message about the line.
    pub revision: u64,
    /// User name.
    pub username: Option<String>,
    /// Password; sent when the line is made.
    pub password: Option<String>,
    /// `active` or `suspended`.
    pub status: String,
    /// Devices that may watch at once.
    pub connections: u32,
}
