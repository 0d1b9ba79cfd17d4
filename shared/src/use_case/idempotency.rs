//! Whether two requests are the same: the idempotency key of a request, and what a second request under it gets.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::orders::command::OrderRequest;
use crate::domain::{
    idempotency::{Fingerprint, IdempotencyKey, IdempotencyKind},
    money::{Amount, Currency},
    status::Status,
    work_order::{RequestFingerprints, WorkOrder},
};

/// The uuid of the order that a request makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderId {
    /// The same for every copy of the request: computed from its idempotency key.
    Deterministic(Uuid),
    /// The request names nothing by which a copy of it could be told: a new order each time.
    Random(Uuid),
}

impl OrderId {
    /// The uuid.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Deterministic(uuid) | Self::Random(uuid) => uuid,
        }
    }
}

/// Whether payment method and transaction id name a request of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HasTransaction {
    /// The payment is confirmed: its transaction is a name of the request.
    Yes,
    /// They are only kept.
    No,
}

/// What makes a request that makes an order the same request.
pub struct RequestIdentity<'a> {
    /// The order that the request makes.
    pub order_id: OrderId,
    key: Option<IdempotencyKey>,
    request: &'a OrderRequest,
    fingerprint: Fingerprint,
}

impl<'a> RequestIdentity<'a> {
    /// For a request of `shop` for `action`: the `Idempotency-Key` header if there is one, else the shop's order id, else
    /// payment method and transaction id.
    pub fn new(
        shop: &str,
        action: &str,
        header: Option<&str>,
        request: &'a OrderRequest,
        status: Option<Status>,
        has_transaction: HasTransaction,
    ) -> Self {
        let transaction = request
            .payment_method_id
            .zip(request.payment_transaction_id.as_deref())
            // Of a free order, whatever is said about payment is ignored.
            .filter(|_| has_transaction == HasTransaction::Yes && !request.is_free)
            // A number has no colon: no two pairs make the same text.
            .map(|(method, id)| format!("{method}:{id}"));
        let key = header
            .map(|value| (IdempotencyKind::Header, value))
            .or(request.wc_order_id.as_deref().map(|value| (IdempotencyKind::ShopOrder, value)))
            .or(transaction.as_deref().map(|value| (IdempotencyKind::Transaction, value)))
            .map(|(kind, value)| IdempotencyKey::new(shop, action, kind, value));
        let order_id = match &key {
            Some(key) => OrderId::Deterministic(key.order_uuid()),
            None => OrderId::Random(Uuid::now_v7()),
        };
        Self { order_id, key, request, fingerprint: request.fingerprint(status) }
    }

    /// The key, if the request named one in its header.
    pub fn header_key(&self) -> Option<&IdempotencyKey> {
        self.key.as_ref().filter(|key| key.kind() == IdempotencyKind::Header)
    }

    /// What the order keeps, to know its request again; none if no copy of the request could be told.
    pub fn fingerprints(&self, currency: Currency) -> Option<RequestFingerprints> {
        Some(RequestFingerprints {
            kind: self.key.as_ref()?.kind(),
            request: self.fingerprint.clone(),
            payment: payment_fingerprint(self.request, currency),
        })
    }

    /// Whether `existing` was made by this request, so that its reply is to be given again.
    pub fn made(&self, existing: &WorkOrder) -> bool {
        match (&existing.fingerprints, self.fingerprints(existing.currency)) {
            (Some(theirs), Some(mine)) => {
                // Between two hooks of a shop the payment may still change; a caller who names a key means one request.
                theirs.request == mine.request
                    && (mine.kind != IdempotencyKind::Header || theirs.payment == mine.payment)
            }
            _ => false,
        }
    }
}

fn payment_fingerprint(request: &OrderRequest, currency: Currency) -> Fingerprint {
    if request.is_free {
        return Fingerprint::of(["free"]);
    }
    let method = request.payment_method_id.map(|id| id.to_string()).unwrap_or_default();
    let amount = request.payment_amount.map(|amount| amount_text(amount, currency)).unwrap_or_default();
    Fingerprint::of([method.as_str(), request.payment_transaction_id.as_deref().unwrap_or_default(), &amount])
}

/// One text for one amount, however it was written: `9.99`, `"9.990"` and PHP's `9.9900000000000002` are the same.
pub(super) fn amount_text(amount: Decimal, currency: Currency) -> String {
    Amount::new(amount, currency).map_or_else(|_| amount.normalize().to_string(), |amount| amount.to_string())
}
