//! Once only, in use: the key of a request, and what a second request under it gets.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Refusal, orders::command::OrderRequest};
use crate::domain::{
    idempotency::{Fingerprint, IdempotencyKey, IdempotencyKind},
    money::{Amount, Currency},
    status::Status,
    work_order::{RequestFingerprints, WorkOrder},
};

/// The once-only side of a request that makes an order.
pub struct RequestIdentity<'a> {
    key: Option<IdempotencyKey>,
    request: &'a OrderRequest,
    fingerprint: Fingerprint,
}

impl<'a> RequestIdentity<'a> {
    /// For a request of `shop` for `action`: the `Idempotency-Key` header if there is one, else the shop's order id, else
    /// (`by_transaction`) payment method and transaction id. A request with none of these makes a new order each time.
    pub fn new(
        shop: &str,
        action: &str,
        header: Option<&str>,
        request: &'a OrderRequest,
        status: Option<Status>,
        by_transaction: bool,
    ) -> Self {
        let transaction = request
            .payment_method_id
            .zip(request.payment_transaction_id.as_deref())
            // Of a free order, whatever is said about payment is ignored.
            .filter(|_| by_transaction && !request.is_free)
            // A number has no colon: no two pairs make the same text.
            .map(|(method, id)| format!("{method}:{id}"));
        let key = header
            .map(|value| (IdempotencyKind::Header, value))
            .or(request.wc_order_id.as_deref().map(|value| (IdempotencyKind::ShopOrder, value)))
            .or(transaction.as_deref().map(|value| (IdempotencyKind::Transaction, value)))
            .map(|(kind, value)| IdempotencyKey::new(shop, action, kind, value));
        Self { key, request, fingerprint: request.fingerprint(status) }
    }

    /// The uuid of the order that the request makes, and whether it is the same for every copy of it.
    pub fn order_uuid(&self) -> (Uuid, bool) {
        match &self.key {
            Some(key) => (key.order_uuid(), true),
            None => (Uuid::now_v7(), false),
        }
    }

    /// What the order keeps, to know its request again.
    pub fn made(&self, currency: Currency) -> Option<RequestFingerprints> {
        Some(RequestFingerprints {
            kind: self.key.as_ref()?.kind(),
            request: self.fingerprint.clone(),
            payment: payment_fingerprint(self.request, currency),
        })
    }

    /// Was `existing` made by this request? Then its reply is to be given again; else the key was used for another.
    pub fn is_replay_of(&self, existing: &WorkOrder) -> Result<(), Refusal> {
        let mine = self.made(existing.currency);
        let same = match (&existing.fingerprints, &mine) {
            (Some(theirs), Some(mine)) => {
                // Between two hooks of a shop the payment may still change; a caller who names a key means one request.
                theirs.request == mine.request
                    && (mine.kind != IdempotencyKind::Header || theirs.payment == mine.payment)
            }
            _ => false,
        };
        if same { Ok(()) } else { Err(Refusal::KeyUsed(existing.reference().to_string())) }
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
