//! Bindings: an `Idempotency-Key` that was used on an order which existed before.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{idempotency::Fingerprint, time::Timestamp};

/// Who used a key first, and for what. It is written before the order is changed and binds nobody to a result: a crash
/// in between leaves a key that the same request may use again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBinding {
    /// The order the key was used on.
    pub order: Uuid,
    /// Its reference code, for the sentence that refuses another use.
    pub reference: String,
    /// What was asked.
    pub request: Fingerprint,
    /// Until when the binding holds. The store's own expiry may come days later, so readers compare this.
    pub expires_at: Timestamp,
}

impl KeyBinding {
    /// Hours that a binding holds.
    pub const HOURS: i64 = 24;

    /// Does it bind its key to this order and this request?
    pub fn is_for(&self, order: Uuid, request: &Fingerprint) -> bool {
        self.order == order && self.request == *request
    }
}
