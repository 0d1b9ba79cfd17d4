//! An `Idempotency-Key` on an order that existed before: claimed before the order is changed. A crash in between leaves a
//! key that the same request may use again, and no other.

use chrono::Duration;

use super::{Refusal, Service};
use crate::{
    domain::{
        claim::Claim,
        once::{Fingerprint, OnceKey},
        work_order::WorkOrder,
    },
    ports::{Claims, Made},
};

/// Binds `key` to `order` and what is `asked` of it. A key that is bound to just that may be used again.
pub async fn claim_key<S: Claims, Q, T>(
    service: &Service<S, Q, T>,
    key: &OnceKey,
    order: &WorkOrder,
    asked: Fingerprint,
) -> Result<(), Refusal> {
    let now = service.now();
    let claim = Claim {
        order: order.uuid,
        reference: order.reference().to_string(),
        request: asked,
        expires_at: now + Duration::hours(Claim::HOURS),
    };
    match service.store.claim(&key.claim_name(), &claim, now).await? {
        Made::New => Ok(()),
        Made::Existed(first) if first.is_for(order.uuid, &claim.request) => Ok(()),
        Made::Existed(first) => Err(Refusal::KeyUsed(first.reference)),
    }
}

/// The claim that binds `key` now.
pub async fn held_claim<S: Claims, Q, T>(service: &Service<S, Q, T>, key: &OnceKey) -> Result<Option<Claim>, Refusal> {
    let claim = service.store.find_claim(&key.claim_name()).await?;
    Ok(claim.filter(|claim| claim.expires_at > service.now()))
}
