//! submit_payment: a customer says that the order is paid, in full or in part.

use rust_decimal::Decimal;

use crate::use_case::{
    context::Context,
    orders::{
        command::Proof,
        find_order::find_by_proof,
        update_order::{Update, update_order},
    },
    pricing,
    refusal::{OrderRefusal, PaymentRefusal},
};
use crate::{
    domain::{
        api_key::ApiKey,
        reference::ReferenceCode,
        status::Status,
        token::TokenSecrets,
        work_order::{Payment, Submission, WorkOrder},
    },
    ports::Orders,
};

/// submit_payment.
#[derive(Clone)]
pub struct SubmitPayment {
    /// With an e-mail as the proof: whose order it is. A token alone is enough.
    pub reference: Option<String>,
    /// The proof.
    pub proof: Proof,
    /// The customer's id of the payment.
    pub payment_transaction_id: Option<String>,
    /// For operators.
    pub customer_note: Option<String>,
    /// How much; none: the customer says nothing of it, and no payment is recorded.
    pub amount: Option<Decimal>,
}

/// An order whose payment was submitted.
pub struct SubmittedPayment {
    /// The order.
    pub order: WorkOrder,
    /// Had it been submitted before?
    pub replayed: bool,
}

/// Moves the order to `payment_submitted`. The payment that was recorded last, sent again, gets its first answer again.
pub async fn submit_payment<S: Orders, Q>(
    context: &Context<S, Q>,
    tokens: &TokenSecrets,
    caller: &ApiKey,
    request: &SubmitPayment,
) -> Result<SubmittedPayment, PaymentRefusal> {
    let reference: Option<ReferenceCode> = request.reference.as_deref().and_then(|text| text.parse().ok());
    let order = find_by_proof(&context.store, tokens, reference, &request.proof).await?;
    let order = order.ok_or(OrderRefusal::NoSuchOrder)?;
    let by = caller.by();
    let (order, replayed) = update_order::<_, _, PaymentRefusal>(&context.store, order, |order| {
        let amount = request.amount.map(|value| pricing::amount("amount", value, order.currency)).transpose()?;
        let transaction_id = request.payment_transaction_id.as_deref();
        let submitted = order.submission.is_some_and(|submission| submission.with_payment && submission.by_customer);
        if submitted && amount.is_some_and(|amount| order.was_last_payment(transaction_id, amount)) {
            return Ok(Update::Unchanged(true));
        }
        if order.status() != Status::PendingPayment {
            return Err(OrderRefusal::WrongState(order.status()).into());
        }
        let at = context.now();
        if let Some(amount) = amount {
            let transaction_id = request.payment_transaction_id.clone();
            let method = order.method_label();
            order.record_payment(Payment { amount, at, transaction_id, method, said: None });
        }
        order.submission = Some(Submission { with_payment: amount.is_some(), by_customer: true });
        order.change(Status::PaymentSubmitted, &by, note(request), at)?;
        Ok(Update::Store(false))
    })
    .await?;
    Ok(SubmittedPayment { order, replayed })
}

/// What an operator who reviews the payment needs: what the customer wrote, and the id of a payment without an amount.
fn note(request: &SubmitPayment) -> Option<String> {
    let transaction = request.payment_transaction_id.as_ref().filter(|_| request.amount.is_none());
    let transaction = transaction.map(|id| format!("transaction {id}"));
    let parts: Vec<String> = transaction.into_iter().chain(request.customer_note.clone()).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
