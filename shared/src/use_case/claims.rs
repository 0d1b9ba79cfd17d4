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
    ports::{Claims, Made, PortError},
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
        Made::Existed(first) if first.reference.is_empty() => {
            Err(PortError::Unavailable("the key is another request's, whose order is not there yet".to_owned()).into())
        }
        Made::Existed(first) => Err(Refusal::KeyUsed(first.reference)),
    }
}

/// Binds `key` to the cart that is sent under it, so that no order is completed by its token under the same key at that
/// moment. Which cart that is, the order that it makes says. Returns a claim that was there before.
pub async fn claim_for_cart<S: Claims, Q, T>(
    service: &Service<S, Q, T>,
    key: &OnceKey,
) -> Result<Option<Claim>, Refusal> {
    let now = service.now();
    let claim = Claim {
        order: key.order_uuid(),
        // It has none yet.
        reference: String::new(),
        request: Fingerprint::of(["cart"]),
        expires_at: now + Duration::hours(Claim::HOURS),
    };
    match service.store.claim(&key.claim_name(), &claim, now).await? {
        Made::New => Ok(None),
        Made::Existed(first) => Ok(Some(*first)),
    }
}

/// The claim that binds `key` now.
pub async fn held_claim<S: Claims, Q, T>(service: &Service<S, Q, T>, key: &OnceKey) -> Result<Option<Claim>, Refusal> {
    let claim = service.store.find_claim(&key.claim_name()).await?;
    Ok(claim.filter(|claim| claim.expires_at > service.now()))
}
