//! The work order: a cart, its payments, its state and how it came there.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use uuid::Uuid;

use super::{
    adjustment::Adjustment,
    cart::{CartItem, Intent},
    catalogue::{Category, PaymentMethod, PaymentMode},
    email::Email,
    idempotency::{Fingerprint, IdempotencyKind},
    ids::{BouquetId, PaymentMethodId, WorkOrderId},
    money::{Amount, Currency},
    reference::ReferenceCode,
    status::Status,
    time::Timestamp,
};

/// Changes kept of an order's history: the first and the latest. An item of DynamoDB is 400 KB at most.
const HISTORY_LIMIT: usize = 60;
/// Bytes of all notes in the history. A single note has at most 5,000 characters.
const NOTES_LIMIT: usize = 64 * 1024;
/// Change ids kept, so that a write whose answer was lost is recognised though others have followed it.
const CHANGE_IDS_LIMIT: usize = 5;

/// Who bought. Debug prints none of it.
#[skip_serializing_none]
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// E-mail address.
    pub email: Email,
    /// Full name.
    pub name: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Postal address.
    pub address: Option<String>,
}

impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Customer(…)")
    }
}

/// Money received for an order.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// How much, over 0.
    pub amount: Amount,
    /// When.
    pub at: Timestamp,
    /// The gateway's id of it.
    pub transaction_id: Option<String>,
    /// The label of the method it came by.
    pub method: Option<String>,
    /// How much was said to come, where an operator found that another amount came: a late copy of the request that said
    /// so means this payment and no more money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Amount>,
}

impl Payment {
    /// Is this the payment that a request with `transaction_id` and `amount` means?
    fn is(&self, transaction_id: &str, amount: Amount) -> bool {
        self.transaction_id.as_deref() == Some(transaction_id) && (self.amount == amount || self.said == Some(amount))
    }
}

/// The payment method as it was when the order was made.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodSnapshot {
    /// Its number.
    pub id: PaymentMethodId,
    /// The name customers saw.
    pub label: String,
    /// Gateway.
    pub processor: Option<String>,
    /// Who confirms a payment.
    pub mode: PaymentMode,
    /// What a customer must do.
    pub instructions: Option<String>,
    /// Settings for the shop's page.
    pub config: serde_json::Map<String, serde_json::Value>,
}

impl From<&PaymentMethod> for MethodSnapshot {
    fn from(method: &PaymentMethod) -> Self {
        Self {
            id: method.id,
            label: method.label().to_owned(),
            processor: method.processor.clone(),
            mode: method.mode,
            instructions: method.instructions.clone(),
            config: method.config.clone(),
        }
    }
}

/// The idempotency key an order was made under, and what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestFingerprints {
    /// What the key was made of.
    pub kind: IdempotencyKind,
    /// E-mail, items and, for create_work_order, the status.
    pub request: Fingerprint,
    /// Method, transaction id and amount, compared only under a header key.
    pub payment: Fingerprint,
}

/// A submission of a payment, which an operator has yet to confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Was a payment recorded with it? Then it is the last.
    pub with_payment: bool,
    /// Did the customer make it (submit_payment), and not the shop?
    pub by_customer: bool,
}

/// One change of an order.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// By whom: `key:<name>`, `operator:<name>`, `provision` or `sweep`.
    pub by: String,
    /// The state before; none for the order's making.
    pub from: Option<Status>,
    /// The state after.
    pub to: Status,
    /// What else there is to say; for operators.
    pub note: Option<String>,
}

/// What is given to make an order; the rest follows from it.
#[derive(Clone)]
pub struct NewWorkOrder {
    /// Computed from the idempotency key, or random.
    pub uuid: Uuid,
    /// From the counter.
    pub number: WorkOrderId,
    /// Name of the API key.
    pub shop: String,
    /// Where it came from, such as `woocommerce`.
    pub source: String,
    /// Who bought.
    pub customer: Customer,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// What was bought; at least one line.
    pub cart: Vec<CartItem>,
    /// Fee or discount.
    pub adjustment: Option<Adjustment>,
    /// Payment already received.
    pub payment: Option<Payment>,
    /// How it is paid.
    pub payment_method: Option<MethodSnapshot>,
    /// The shop's id of the order.
    pub wc_order_id: Option<String>,
    /// For operators.
    pub notes: Option<String>,
    /// Explicit bouquets for its new lines.
    pub bouquet_ids: Vec<BouquetId>,
    /// Kinds of content for its new lines.
    pub categories: Vec<Category>,
    /// The first state.
    pub status: Status,
    /// The version of the secret its confirmation token was made with; none if none was given out.
    pub token_version: Option<u32>,
    /// Under which key.
    pub fingerprints: Option<RequestFingerprints>,
    /// What else there is to say; for operators.
    pub remark: Option<String>,
    /// Now.
    pub at: Timestamp,
}

/// A work order. Its terms never change; its state, payments and bookkeeping change only through its methods, each of
/// which is then stored on the condition that nobody stored another change meanwhile.
#[skip_serializing_none]
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkOrder {
    /// Names it in the store; `uniqid` on the Shoppex side.
    pub uuid: Uuid,
    /// Its number.
    pub number: WorkOrderId,
    /// Name of the API key it was made with.
    pub shop: String,
    /// Where it came from.
    pub source: String,
    /// Who bought.
    pub customer: Customer,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// What was bought.
    pub cart: Vec<CartItem>,
    /// Fee or discount.
    pub adjustment: Option<Adjustment>,
    /// How it is paid.
    pub payment_method: Option<MethodSnapshot>,
    /// The shop's id of the order.
    pub wc_order_id: Option<String>,
    /// For operators; never shown to customers.
    pub notes: Option<String>,
    /// Explicit bouquets for its new lines.
    pub bouquet_ids: Vec<BouquetId>,
    /// Kinds of content for its new lines.
    pub categories: Vec<Category>,
    /// The state it was made in, for replays of that reply.
    pub created_status: Status,
    /// The version of the secret behind its confirmation token.
    pub token_version: Option<u32>,
    /// Under which key it was made.
    #[serde(rename = "once")]
    pub fingerprints: Option<RequestFingerprints>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its state or payments last changed.
    pub updated_at: Timestamp,
    /// When it was last queued: the `now` of all its effects.
    pub queued_at: Option<Timestamp>,
    /// Before this the sweep leaves it alone: a retry or a re-send is under way.
    pub next_attempt_at: Option<Timestamp>,
    /// Times the sweep has sent it again since it was queued, or canceled.
    pub resends: u32,
    /// Why provisioning gave up; for operators.
    pub failure: Option<String>,
    /// The latest submission of a payment.
    #[serde(default)]
    pub submission: Option<Submission>,
    /// Requests under a header key whose payments left a balance, so that a copy of one is not taken for more money.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part_payments: Vec<Fingerprint>,
    /// It was called off after it had failed, and nobody has seen yet that all lines it made are switched off, here and at
    /// the provisioner.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspending: bool,
    /// Counts the writes to it.
    pub version: u64,
    /// Ids of the latest writes.
    pub change_ids: Vec<Uuid>,
    status: Status,
    payments: Vec<Payment>,
    history: Vec<Change>,
    /// Changes that were dropped from the history because it was full.
    #[serde(default, skip_serializing_if = "is_zero")]
    dropped: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl fmt::Debug for WorkOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Notes, transaction ids and the like are nobody's in a log.
        write!(f, "WorkOrder({}, {}, version {})", self.reference(), self.status, self.version)
    }
}

/// The order is not in a state that allows the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the order is {from} and cannot become {to}")]
pub struct TransitionError {
    /// Its state.
    pub from: Status,
    /// The state that was asked for.
    pub to: Status,
}

impl WorkOrder {
    /// A new order. `by`: who makes it, as in [`Change::by`].
    pub fn new(new: NewWorkOrder, by: &str) -> Self {
        let submission = (new.status == Status::PaymentSubmitted)
            .then(|| Submission { with_payment: new.payment.is_some(), by_customer: false });
        Self {
            uuid: new.uuid,
            number: new.number,
            shop: new.shop,
            source: new.source,
            customer: new.customer,
            currency: new.currency,
            cart: new.cart,
            adjustment: new.adjustment,
            payment_method: new.payment_method,
            wc_order_id: new.wc_order_id,
            notes: new.notes,
            bouquet_ids: new.bouquet_ids,
            categories: new.categories,
            created_status: new.status,
            token_version: new.token_version,
            fingerprints: new.fingerprints,
            created_at: new.at,
            updated_at: new.at,
            queued_at: (new.status == Status::Queued).then_some(new.at),
            next_attempt_at: None,
            resends: 0,
            failure: None,
            submission,
            part_payments: Vec::new(),
            suspending: false,
            version: 1,
            change_ids: Vec::new(),
            status: new.status,
            payments: new.payment.into_iter().collect(),
            history: vec![Change { at: new.at, by: by.to_owned(), from: None, to: new.status, note: new.remark }],
            dropped: 0,
        }
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Among the orders of which state the index `open` lists it, if it does. A canceled order whose lines are still to be
    /// switched off is listed with the queued ones: both are the provisioning queue's, and are sent again if a message is lost.
    pub fn open_as(&self) -> Option<Status> {
        if self.suspending { Some(Status::Queued) } else { Some(self.status).filter(|status| status.is_open()) }
    }

    /// Payments in the order they came.
    pub fn payments(&self) -> &[Payment] {
        &self.payments
    }

    /// Its changes, oldest first: the first, and the latest of the rest.
    pub fn history(&self) -> &[Change] {
        &self.history
    }

    /// How many changes between the first and the others are no longer kept.
    pub fn dropped_changes(&self) -> u32 {
        self.dropped
    }

    /// The code customers read.
    pub fn reference(&self) -> ReferenceCode {
        use chrono::Datelike;
        ReferenceCode { year: u16::try_from(self.created_at.year()).unwrap_or(0), number: self.number }
    }

    /// `new_activation` if any line is one, else the first line's intent.
    pub fn kind(&self) -> Intent {
        let any_new = self.cart.iter().any(|line| line.intent == Intent::NewActivation);
        self.cart.first().filter(|_| !any_new).map_or(Intent::NewActivation, |line| line.intent)
    }

    /// Sum of the lines.
    pub fn snap_total(&self) -> Amount {
        self.cart.iter().map(CartItem::total).sum()
    }

    /// The sum with the adjustment.
    pub fn order_total(&self) -> Amount {
        Adjustment::apply(self.adjustment.as_ref(), self.snap_total())
    }

    /// Sum of the payments.
    pub fn prev_paid(&self) -> Amount {
        self.payments.iter().map(|payment| payment.amount).sum()
    }

    /// What is still to be paid.
    pub fn balance_due(&self) -> Amount {
        self.order_total().less(self.prev_paid())
    }

    /// Is it paid in part?
    pub fn has_partials(&self) -> bool {
        !self.prev_paid().is_zero() && !self.balance_due().is_zero()
    }

    /// Records money that came in. Nothing is recorded for an amount of 0.
    pub fn record_payment(&mut self, payment: Payment) {
        if !payment.amount.is_zero() {
            self.updated_at = self.updated_at.max(payment.at);
            self.payments.push(payment);
        }
    }

    /// Has `transaction_id` with `amount` been recorded, at any time?
    pub fn has_payment(&self, transaction_id: Option<&str>, amount: Amount) -> bool {
        transaction_id.is_some_and(|id| self.payments.iter().any(|payment| payment.is(id, amount)))
    }

    /// Sets the amount of the payment that was submitted last; records one where the submission had none, and drops it at
    /// 0. Payments before it are confirmed and stay.
    pub fn confirm_submitted(&mut self, amount: Amount, at: Timestamp) {
        let with_payment = self.submission.is_some_and(|submission| submission.with_payment);
        let last = if with_payment { self.payments.pop() } else { None };
        let payment = Payment {
            amount,
            at: last.as_ref().map_or(at, |last| last.at),
            transaction_id: last.as_ref().and_then(|last| last.transaction_id.clone()),
            said: last.as_ref().map(|last| last.said.unwrap_or(last.amount)),
            method: last.map_or_else(|| self.method_label(), |last| last.method),
        };
        self.record_payment(payment);
    }

    /// The label of the method it is paid by.
    pub fn method_label(&self) -> Option<String> {
        self.payment_method.as_ref().map(|method| method.label.clone())
    }

    /// Is `transaction_id` with `amount` what was recorded last?
    pub fn was_last_payment(&self, transaction_id: Option<&str>, amount: Amount) -> bool {
        transaction_id.is_some_and(|id| self.payments.last().is_some_and(|last| last.is(id, amount)))
    }

    /// Moves the order to `to`, if the table of states allows it.
    pub fn change(&mut self, to: Status, by: &str, note: Option<String>, at: Timestamp) -> Result<(), TransitionError> {
        if !self.status.may_become(to) {
            return Err(TransitionError { from: self.status, to });
        }
        let from = self.status;
        self.note(to, by, note, at);
        match to {
            Status::Queued => {
                self.queued_at = Some(at);
                self.next_attempt_at = None;
                self.resends = 0;
                self.failure = None;
            }
            Status::Completed => self.failure = None,
            // Only an order that failed may have made lines.
            Status::Canceled if from == Status::Failed => {
                self.suspending = true;
                self.next_attempt_at = None;
                self.resends = 0;
            }
            _ => {}
        }
        Ok(())
    }

    /// Keeps a change of something else than the state.
    pub fn remark(&mut self, by: &str, note: String, at: Timestamp) {
        self.note(self.status, by, Some(note), at);
    }

    fn note(&mut self, to: Status, by: &str, note: Option<String>, at: Timestamp) {
        self.history.push(Change { at, by: by.to_owned(), from: Some(self.status), to, note });
        let notes = |history: &[Change]| {
            history.iter().filter_map(|change| change.note.as_ref()).map(String::len).sum::<usize>()
        };
        while self.history.len() > 2 && (self.history.len() > HISTORY_LIMIT || notes(&self.history) > NOTES_LIMIT) {
            self.history.remove(1);
            self.dropped = self.dropped.saturating_add(1);
        }
        self.status = to;
        // Environments' clocks differ; an order never goes back in time.
        self.updated_at = self.updated_at.max(at);
    }

    /// Marks the next write: one more in number, under an id by which its writer recognises it.
    pub fn stamp(&mut self, change_id: Uuid) {
        self.version += 1;
        self.mark(change_id);
    }

    /// Keeps the id of a write.
    pub fn mark(&mut self, change_id: Uuid) {
        if self.change_ids.len() >= CHANGE_IDS_LIMIT {
            self.change_ids.remove(0);
        }
        self.change_ids.push(change_id);
    }
}
