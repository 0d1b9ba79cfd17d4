//! send_payment_instructions: a shop asks that its customer be told how to pay. The service sends no mail yet: it keeps the
//! request in the order's history, for operators.

use crate::use_case::{
    context::Context,
    orders::update_order::{Update, update_order},
    refusal::OrderRefusal,
};
use crate::{
    domain::{api_key::ApiKey, ids::WorkOrderId, status::Status, work_order::WorkOrder},
    ports::Orders,
};

/// Keeps the request. Only an order that waits for payment can be paid.
pub async fn send_payment_instructions<S: Orders, Q>(
    context: &Context<S, Q>,
    caller: &ApiKey,
    number: WorkOrderId,
) -> Result<WorkOrder, OrderRefusal> {
    let order = context.store.order_by_number(number).await?.ok_or(OrderRefusal::NoSuchOrder)?;
    let by = caller.by();
    let decided = update_order(&context.store, order, |order| {
        if order.status() != Status::PendingPayment {
            return Err(OrderRefusal::WrongState(order.status()));
        }
        order.remark(&by, "payment instructions were asked for".to_owned(), context.now());
        Ok(Update::Store(()))
    });
    decided.await.map(|(order, ())| order)
}
