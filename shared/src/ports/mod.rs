//! What the use cases need of the world. Each trait's documentation states what an implementation owes its callers; one
//! suite of tests holds every implementation to it.

use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    activation::Activation,
    api_key::{ApiKey, KeyHash},
    catalogue::{Bouquet, PaymentMethod, Product},
    email::Email,
    ids::{ActivationId, BouquetId, PaymentMethodId, ProductId, WorkOrderId},
    key_binding::KeyBinding,
    status::Status,
    time::Timestamp,
    work_order::WorkOrder,
};

mod provisioner;
mod webhooks;

pub use provisioner::{NoProvisioner, Provisioner, ProvisionerAnswer, ProvisionerError};
pub use webhooks::{
    EventQueue, OrderWrite, StreamRecord, Unpublished, UnpublishedQueue, WebhookDelivery, WebhookEndpoints,
    WebhookError, WebhookSender,
};

/// A fault of a store or a queue. The text names operation and error code, never contents: it goes into logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// It may work the next time.
    #[error("{0}")]
    Unavailable(String),
    /// What is stored cannot be read; somebody must look.
    #[error("{0}")]
    Corrupt(String),
}

/// Names an order to a queue: enough to load it and its number pointer in one read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderRef {
    /// The order.
    pub order: Uuid,
    /// Its number.
    pub number: WorkOrderId,
}

impl PortError {
    /// The operation of an AWS call that failed, and its error code or how it failed: `("GetItem", "timed out")`.
    pub fn call(&self) -> Option<(&str, &str)> {
        let Self::Unavailable(text) = self else { return None };
        let (operation, how) = text.split_once(": ")?;
        operation.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some((operation, how))
    }
}

impl From<&WorkOrder> for OrderRef {
    fn from(order: &WorkOrder) -> Self {
        Self { order: order.uuid, number: order.number }
    }
}

/// What a request names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookupKeys {
    /// The key it presents.
    pub key: Option<KeyHash>,
    /// Products.
    pub products: BTreeSet<ProductId>,
    /// Payment method.
    pub payment_method: Option<PaymentMethodId>,
    /// Bouquets.
    pub bouquets: BTreeSet<BouquetId>,
    /// Lines.
    pub lines: BTreeSet<ActivationId>,
}

impl LookupKeys {
    /// How many things are named, the key aside.
    pub fn len(&self) -> usize {
        self.products.len() + usize::from(self.payment_method.is_some()) + self.bouquets.len() + self.lines.len()
    }

    /// Is nothing named but perhaps a key?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What is there of what was wanted.
#[derive(Debug, Clone, Default)]
pub struct LookupResult {
    /// The key.
    pub key: Option<ApiKey>,
    /// Products by number, inactive ones too.
    pub products: HashMap<ProductId, Product>,
    /// The payment method, an inactive one too.
    pub payment_method: Option<PaymentMethod>,
    /// Bouquets by number.
    pub bouquets: HashMap<BouquetId, Bouquet>,
    /// Lines by number.
    pub lines: HashMap<ActivationId, Activation>,
}

/// Finds what a request names.
pub trait Lookup: Send + Sync {
    /// Everything `lookup_keys` that exists, in as few round trips as can be. Lines are as of now; a key and catalogue entries
    /// may be up to 45 seconds old. A key that does not exist is asked for every time.
    fn look_up(&self, lookup_keys: &LookupKeys) -> impl Future<Output = Result<LookupResult, PortError>> + Send;
}

/// The result of making something under a computed name.
#[derive(Debug)]
pub enum Insert<T> {
    /// It was made by this call (or by its own first attempt, whose answer was lost).
    Inserted,
    /// It was there: this is it.
    AlreadyExists(Box<T>),
}

/// The result of storing a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Save {
    /// Stored by this call (or by its own first attempt, whose answer was lost).
    Saved,
    /// Somebody else stored a change first; nothing was stored. Read again and decide again.
    Conflict,
}

/// An order named by a message, with what there is of it.
#[derive(Debug)]
pub struct Loaded {
    /// The order; none if there is none.
    pub order: Result<Option<WorkOrder>, PortError>,
    /// Is its number pointer there?
    pub has_number_pointer: bool,
}

/// Work orders.
pub trait Orders: Send + Sync {
    /// Stores a new order if there is none under its uuid, in one conditional write. An order stored by another is
    /// returned, read in that same write.
    fn create(&self, order: &mut WorkOrder) -> impl Future<Output = Result<Insert<WorkOrder>, PortError>> + Send;

    /// Makes the order findable by its number. May be repeated.
    fn put_number_pointer(&self, name: OrderRef) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The order under this uuid, as of now.
    fn order(&self, uuid: Uuid) -> impl Future<Output = Result<Option<WorkOrder>, PortError>> + Send;

    /// The order with this number, as of now. Makes as many calls for a number that nobody has.
    fn order_by_number(&self, number: WorkOrderId)
    -> impl Future<Output = Result<Option<WorkOrder>, PortError>> + Send;

    /// These orders, as of now and in this order, in one read for up to 10 names.
    fn load(&self, names: &[OrderRef]) -> impl Future<Output = Result<Vec<Loaded>, PortError>> + Send;

    /// Stores a changed order, if its version is still the stored one; stamps it with the next.
    fn save(&self, order: &mut WorkOrder) -> impl Future<Output = Result<Save, PortError>> + Send;
}

/// A place in a list of orders, from which a page goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// Below this number, in the list of all orders.
    Number(WorkOrderId),
    /// After this order of a customer.
    OfCustomer {
        /// When it was made.
        created_at: Timestamp,
        /// The order.
        order: Uuid,
    },
}

/// Some orders with their places, and where it goes on.
pub type OrderPage = (Vec<(Cursor, WorkOrder)>, Option<Cursor>);

/// Orders in lists.
pub trait Listing: Send + Sync {
    /// The number after the last that was leased.
    fn next_number(&self) -> impl Future<Output = Result<WorkOrderId, PortError>> + Send;

    /// The orders with numbers from `lowest` up to and without `below`, the highest number first.
    fn orders_numbered(
        &self,
        lowest: WorkOrderId,
        below: WorkOrderId,
    ) -> impl Future<Output = Result<Vec<WorkOrder>, PortError>> + Send;

    /// The next orders of a customer after a place, the newest first, at most `limit`. May lag behind the orders.
    fn orders_of_customer(
        &self,
        customer: &Email,
        after: Option<Cursor>,
        limit: u32,
    ) -> impl Future<Output = Result<OrderPage, PortError>> + Send;
}

/// The catalogue as a whole.
pub trait Catalogue: Send + Sync {
    /// Every product, inactive ones too.
    fn products(&self) -> impl Future<Output = Result<Vec<Product>, PortError>> + Send;

    /// Every payment method, inactive ones too.
    fn payment_methods(&self) -> impl Future<Output = Result<Vec<PaymentMethod>, PortError>> + Send;

    /// Every bouquet.
    fn bouquets(&self) -> impl Future<Output = Result<Vec<Bouquet>, PortError>> + Send;
}

/// Numbers for new orders.
pub trait Numbers: Send + Sync {
    /// A number that nobody else was or will be given. Numbers may have gaps.
    fn take(&self) -> impl Future<Output = Result<WorkOrderId, PortError>> + Send;

    /// Gives back a number that is certain to stand nowhere. Never called after a time-out.
    fn give_back(&self, number: WorkOrderId);
}

/// Service lines.
pub trait Activations: Send + Sync {
    /// These lines, as of now; those that exist.
    fn lines(
        &self,
        ids: &BTreeSet<ActivationId>,
    ) -> impl Future<Output = Result<HashMap<ActivationId, Activation>, PortError>> + Send;

    /// Stores a new line if there is none with its number; returns the one that is there.
    fn make(&self, line: &Activation) -> impl Future<Output = Result<Insert<Activation>, PortError>> + Send;

    /// Stores a changed line, if its version is still the stored one, and counts the version up.
    fn save_activation(&self, line: &mut Activation) -> impl Future<Output = Result<Save, PortError>> + Send;
}

/// An entry of the index of orders on which somebody or something must still act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOrder {
    /// The order.
    pub name: OrderRef,
    /// Before this it is to be left alone.
    pub next_attempt_at: Option<Timestamp>,
}

/// The index of open orders. It may lag behind the orders.
pub trait OpenOrders: Send + Sync {
    /// Orders of `status` that were last changed before `before` and are not to be left alone until after it, the oldest
    /// first within each part of the index; at most `limit` of each of its 32 parts.
    fn open_orders(
        &self,
        status: Status,
        before: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<OpenOrder>, PortError>> + Send;
}

/// What operators put in: catalogue, the first number.
pub trait Setup: Send + Sync {
    /// Stores a product in place of `old`, if that is what is stored under its number; where `old` is none, if nothing is.
    fn put_product(
        &self,
        old: Option<&Product>,
        product: &Product,
    ) -> impl Future<Output = Result<Save, PortError>> + Send;

    /// Stores a payment method, on the same condition.
    fn put_payment_method(
        &self,
        old: Option<&PaymentMethod>,
        method: &PaymentMethod,
    ) -> impl Future<Output = Result<Save, PortError>> + Send;

    /// Stores a bouquet, on the same condition.
    fn put_bouquet(
        &self,
        old: Option<&Bouquet>,
        bouquet: &Bouquet,
    ) -> impl Future<Output = Result<Save, PortError>> + Send;

    /// The number the first order had or will have; none before the first was taken or set.
    fn first_number(&self) -> impl Future<Output = Result<Option<WorkOrderId>, PortError>> + Send;

    /// Sets the first number, unless numbers were set or taken before.
    fn begin_numbers(&self, first: WorkOrderId) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// A key in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedKey {
    /// The hash of its secret.
    pub hash: KeyHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom, as in an order's history; `seed` for one that a seed file brought.
    pub by: String,
}

/// A name in the directory of keys, with the keys that bear it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedKeys {
    /// The name.
    pub name: String,
    /// Its keys, the oldest first. One that was listed and then not stored stands here and nowhere else.
    pub listed: Vec<ListedKey>,
    /// Counts the writes to it; 0 before the first.
    pub version: u64,
}

/// API keys, as operators see them. Callers find a key by its secret alone; operators, by a directory of names.
pub trait Keys: Send + Sync {
    /// The directory, in the order of the names.
    fn directory(&self) -> impl Future<Output = Result<Vec<NamedKeys>, PortError>> + Send;

    /// The directory's entry of this name, as of now.
    fn named(&self, name: &str) -> impl Future<Output = Result<Option<NamedKeys>, PortError>> + Send;

    /// Stores an entry of the directory if its version is still the stored one (at 0: if there is none), and counts the
    /// version up.
    fn save_named(&self, named: &mut NamedKeys) -> impl Future<Output = Result<Save, PortError>> + Send;

    /// The keys with these hashes, as of now and in this order; those that exist.
    fn keys(&self, hashes: &[KeyHash]) -> impl Future<Output = Result<Vec<ApiKey>, PortError>> + Send;

    /// Stores a key unless its secret is known already: a revoked key stays revoked.
    fn add_key(&self, key: &ApiKey) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Stores a key in place of `old`, if that is what is stored.
    fn replace_key(&self, old: &ApiKey, key: &ApiKey) -> impl Future<Output = Result<Save, PortError>> + Send;
}

/// Idempotency keys used on orders that existed before.
pub trait KeyBindings: Send + Sync {
    /// Stores the claim under `name` if there is none, or none that still holds at `now`; returns the one that holds.
    fn bind_key(
        &self,
        name: &str,
        binding: &KeyBinding,
        now: Timestamp,
    ) -> impl Future<Output = Result<Insert<KeyBinding>, PortError>> + Send;

    /// The claim under `name`, as of now.
    fn find_binding(&self, name: &str) -> impl Future<Output = Result<Option<KeyBinding>, PortError>> + Send;
}

/// The provisioning queue, as seen by those who fill it.
pub trait Queue: Send + Sync {
    /// Queues an order. It is delivered at least once, perhaps more than once.
    fn send(&self, name: OrderRef) -> impl Future<Output = Result<(), PortError>> + Send;

    /// About how many messages wait to be received now.
    fn waiting(&self) -> impl Future<Output = Result<u64, PortError>> + Send;
}

/// The queue of an action that never queues: it refuses.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoQueue;

impl Queue for NoQueue {
    async fn send(&self, _: OrderRef) -> Result<(), PortError> {
        Err(PortError::Unavailable("this function has no queue".to_owned()))
    }

    async fn waiting(&self) -> Result<u64, PortError> {
        Err(PortError::Unavailable("this function has no queue".to_owned()))
    }
}

/// A queue, as seen by its consumer.
pub trait Deliveries: Send + Sync {
    /// Delivers a message again after `delay` instead of after the queue's visibility timeout.
    fn postpone(&self, receipt: &str, delay: Duration) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// The time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        use chrono::SubsecRound;
        // Times are stored to the millisecond; what is not cut off here would not come back.
        chrono::Utc::now().trunc_subsecs(3)
    }
}
