//! An `Idempotency-Key` on an order that existed before: bound before the order is changed. A crash in between leaves a
//! key that the same request may use again, and no other.

use chrono::Duration;

use super::{context::Context, refusal::KeyedRefusal};
use crate::{
    domain::{
        idempotency::{Fingerprint, IdempotencyKey},
        key_binding::KeyBinding,
        work_order::WorkOrder,
    },
    ports::{Insert, KeyBindings, PortError},
};

/// Binds `key` to `order` and what is `asked` of it. A key that is bound to just that may be used again.
pub async fn bind_key_to_order<S: KeyBindings, Q>(
    context: &Context<S, Q>,
    key: &IdempotencyKey,
    order: &WorkOrder,
    asked: Fingerprint,
) -> Result<(), KeyedRefusal> {
    let now = context.now();
    let binding = KeyBinding {
        order: order.uuid,
        reference: order.reference().to_string(),
        request: asked,
        expires_at: now + Duration::hours(KeyBinding::HOURS),
    };
    match context.store.bind_key(&key.binding_name(), &binding, now).await? {
        Insert::Inserted => Ok(()),
        Insert::AlreadyExists(first) if first.is_for(order.uuid, &binding.request) => Ok(()),
        Insert::AlreadyExists(first) if first.reference.is_empty() => {
            Err(PortError::Unavailable("the key is another request's, whose order is not there yet".to_owned()).into())
        }
        Insert::AlreadyExists(first) => Err(KeyedRefusal::KeyUsed(first.reference)),
    }
}

/// Binds `key` to the cart that is sent under it, so that no order is completed by its token under the same key at that
/// moment. Which cart that is, the order that it makes says. Returns a binding that was there before.
pub async fn bind_key_to_cart<S: KeyBindings, Q>(
    context: &Context<S, Q>,
    key: &IdempotencyKey,
) -> Result<Option<KeyBinding>, PortError> {
    let now = context.now();
    let binding = KeyBinding {
        order: key.order_uuid(),
        // It has none yet.
        reference: String::new(),
        request: Fingerprint::of(["cart"]),
        expires_at: now + Duration::hours(KeyBinding::HOURS),
    };
    match context.store.bind_key(&key.binding_name(), &binding, now).await? {
        Insert::Inserted => Ok(None),
        Insert::AlreadyExists(first) => Ok(Some(*first)),
    }
}

/// The binding of `key` that holds now.
pub async fn current_binding<S: KeyBindings, Q>(
    context: &Context<S, Q>,
    key: &IdempotencyKey,
) -> Result<Option<KeyBinding>, PortError> {
    let binding = context.store.find_binding(&key.binding_name()).await?;
    Ok(binding.filter(|binding| binding.expires_at > context.now()))
}
