//! Idempotency: which key makes a request the same request, and what of it must then be equal.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What an idempotency key is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdempotencyKind {
    /// The `Idempotency-Key` header.
    Header,
    /// The shop's order id.
    ShopOrder,
    /// Payment method and the gateway's transaction id.
    Transaction,
}

impl IdempotencyKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::ShopOrder => "shop_order",
            Self::Transaction => "transaction",
        }
    }
}

/// The key under which a request may take effect once. It holds within a shop (an API key's name) and an action.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    kind: IdempotencyKind,
    digest: [u8; 32],
}

impl IdempotencyKey {
    /// The key of `value` for `shop` and `action`.
    pub fn new(shop: &str, action: &str, kind: IdempotencyKind, value: &str) -> Self {
        Self { kind, digest: digest([shop, action, kind.as_str(), value]) }
    }

    /// What the key was made of.
    pub fn kind(&self) -> IdempotencyKind {
        self.kind
    }

    /// The uuid (version 8, RFC 9562) of the order that a request under this key makes. That it can be computed makes
    /// creation a single conditional put: two copies of a request meet in the same item.
    pub fn order_uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(self.digest.split_at(16).0);
        Uuid::new_v8(bytes)
    }

    /// The name of a binding of this key.
    pub fn binding_name(&self) -> String {
        hex::encode(self.digest)
    }
}

/// What a request asked for, as a hash: equal for requests that mean the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The hash of these parts, in this order.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        Self(hex::encode(digest(parts)))
    }

    /// 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// SHA-256 over length-prefixed parts: `("ab", "c")` and `("a", "bc")` differ.
fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_within_shop_action_and_kind() {
        let key = IdempotencyKey::new("shop", "complete_order", IdempotencyKind::ShopOrder, "1001");
        assert_eq!(
            key.order_uuid(),
            IdempotencyKey::new("shop", "complete_order", IdempotencyKind::ShopOrder, "1001").order_uuid()
        );
        assert_eq!(key.order_uuid().get_version_num(), 8);
        for other in [
            IdempotencyKey::new("other", "complete_order", IdempotencyKind::ShopOrder, "1001"),
            IdempotencyKey::new("shop", "create_work_order", IdempotencyKind::ShopOrder, "1001"),
            IdempotencyKey::new("shop", "complete_order", IdempotencyKind::Header, "1001"),
            IdempotencyKey::new("shop", "complete_order", IdempotencyKind::ShopOrder, "1002"),
            IdempotencyKey::new("shopcomplete_order", "", IdempotencyKind::ShopOrder, "1001"),
        ] {
            assert_ne!(key.order_uuid(), other.order_uuid());
        }
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(Fingerprint::of(["ab", "c"]), Fingerprint::of(["a", "bc"]));
        assert_eq!(Fingerprint::of(["ab", "c"]), Fingerprint::of(["ab", "c"]));
    }
}
