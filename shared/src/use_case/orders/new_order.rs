//! Recording a new order: one conditional put, then its number pointer and its message at once.

use crate::use_case::{
    context::Context,
    idempotency::{OrderId, RequestIdentity},
    orders::command::OrderRequest,
    pricing::Priced,
    refusal::NewOrderRefusal,
};
use crate::{
    domain::{
        adjustment::Adjustment,
        api_key::ApiKey,
        catalogue::PaymentMethod,
        ids::WorkOrderId,
        money::Amount,
        status::Status,
        time::Timestamp,
        work_order::{Customer, MethodSnapshot, NewWorkOrder, Payment, WorkOrder},
    },
    ports::{Insert, Numbers, OrderRef, Orders, PortError, Queue},
};

/// A new order with all that its action decides; the rest is as requested.
pub struct NewOrder<'a> {
    /// Who sent the request.
    pub caller: &'a ApiKey,
    /// What was requested.
    pub request: &'a OrderRequest,
    /// Who buys.
    pub customer: Customer,
    /// The cart at today's prices.
    pub priced: Priced,
    /// How it is paid.
    pub method: Option<&'a PaymentMethod>,
    /// Fee or discount.
    pub adjustment: Option<Adjustment>,
    /// What was paid already.
    pub paid: Option<Amount>,
    /// The first state.
    pub status: Status,
    /// The version of the secret behind its confirmation token.
    pub token_version: Option<u32>,
}

impl NewOrder<'_> {
    fn into_work_order(self, identity: &RequestIdentity<'_>, number: WorkOrderId, at: Timestamp) -> WorkOrder {
        let request = self.request;
        let payment = self.paid.filter(|amount| !amount.is_zero()).map(|amount| Payment {
            amount,
            at,
            transaction_id: request.payment_transaction_id.clone(),
            method: self.method.map(|method| method.label().to_owned()),
            said: None,
        });
        // An id that no payment carries is kept for operators.
        let unrecorded = request.payment_transaction_id.as_ref().filter(|_| payment.is_none() && !request.is_free);
        let remark = unrecorded.map(|id| format!("transaction {id}"));
        let order = NewWorkOrder {
            uuid: identity.order_id.uuid(),
            number,
            shop: self.caller.name.clone(),
            source: request.source.clone(),
            customer: self.customer,
            currency: self.priced.currency,
            cart: self.priced.cart,
            adjustment: self.adjustment,
            payment,
            payment_method: self.method.map(MethodSnapshot::from),
            wc_order_id: request.wc_order_id.clone(),
            notes: request.notes.clone(),
            bouquet_ids: request.bouquet_ids.clone(),
            categories: request.categories.clone(),
            status: self.status,
            token_version: self.token_version,
            fingerprints: identity.fingerprints(self.priced.currency),
            remark,
            at,
        };
        WorkOrder::new(order, &self.caller.by())
    }
}

/// An order that is stored.
#[derive(Debug)]
pub struct RecordedOrder {
    /// The order.
    pub order: WorkOrder,
    /// Whether it was there before this request.
    pub replayed: bool,
    /// Why its message could not be sent: the order is stored, and the sweep queues it.
    pub send_failed: Option<PortError>,
}

impl RecordedOrder {
    /// An order that was there before the request.
    pub fn replayed(order: WorkOrder) -> Self {
        Self { order, replayed: true, send_failed: None }
    }
}

/// Records an order that waits for its payment, or finds the one that a copy of the request made.
pub async fn record<S: Orders + Numbers, Q>(
    context: &Context<S, Q>,
    identity: &RequestIdentity<'_>,
    new_order: NewOrder<'_>,
) -> Result<RecordedOrder, NewOrderRefusal> {
    let store = &context.store;
    let at = context.now();
    let mut order = new_order.into_work_order(identity, store.take().await?, at);
    if let Some(existing) = insert(store, &mut order).await? {
        return replay(store, identity, existing).await;
    }
    store.put_number_pointer(OrderRef::from(&order)).await?;
    Ok(RecordedOrder { order, replayed: false, send_failed: None })
}

/// Records a paid order and queues it, or finds the one that a copy of the request made.
pub async fn record_and_queue<S: Orders + Numbers, Q: Queue>(
    context: &Context<S, Q>,
    identity: &RequestIdentity<'_>,
    new_order: NewOrder<'_>,
) -> Result<RecordedOrder, NewOrderRefusal> {
    let store = &context.store;
    let at = context.now();
    let mut order = new_order.into_work_order(identity, store.take().await?, at);
    if let Some(existing) = insert(store, &mut order).await? {
        return replay(store, identity, existing).await;
    }
    let order_ref = OrderRef::from(&order);
    let (pointer, sent) = futures_util::join!(store.put_number_pointer(order_ref), context.queue.send(order_ref));
    // Without its pointer the order cannot be found by its code: the caller comes again, which repeats the pointer.
    pointer?;
    Ok(RecordedOrder { order, replayed: false, send_failed: sent.err() })
}

/// A request that the catalogue or the activations refuse as they are now. They may have changed since an earlier copy of
/// it was accepted, so that copy's order is looked for first.
pub async fn replay_or<S: Orders>(
    store: &S,
    identity: &RequestIdentity<'_>,
    refusal: NewOrderRefusal,
) -> Result<RecordedOrder, NewOrderRefusal> {
    let OrderId::Deterministic(uuid) = identity.order_id else { return Err(refusal) };
    match store.order(uuid).await? {
        Some(existing) => replay(store, identity, existing).await,
        None => Err(refusal),
    }
}

/// Sends the message of a stored order; one that fails to go is the sweep's to send.
pub async fn queue<S, Q: Queue>(context: &Context<S, Q>, order: WorkOrder) -> RecordedOrder {
    let sent = context.queue.send(OrderRef::from(&order)).await;
    RecordedOrder { order, replayed: false, send_failed: sent.err() }
}

/// Stores the order; returns the one that is there in its place, if there is one.
async fn insert<S: Orders + Numbers>(store: &S, order: &mut WorkOrder) -> Result<Option<WorkOrder>, PortError> {
    match store.create(order).await? {
        Insert::Inserted => Ok(None),
        Insert::AlreadyExists(existing) => {
            store.give_back(order.number);
            Ok(Some(*existing))
        }
    }
}

async fn replay<S: Orders>(
    store: &S,
    identity: &RequestIdentity<'_>,
    existing: WorkOrder,
) -> Result<RecordedOrder, NewOrderRefusal> {
    if !identity.made(&existing) {
        return Err(NewOrderRefusal::KeyUsed(existing.reference().to_string()));
    }
    // The first request may have ended between the order and its pointer.
    store.put_number_pointer(OrderRef::from(&existing)).await?;
    Ok(RecordedOrder::replayed(existing))
}
