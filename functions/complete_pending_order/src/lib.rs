//! `POST /dev/v1/orders/{id}/complete` and `/dev/v1/invoices/{id}/complete`: completes an order that waits for payment.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{
        reply::{Reply, ReplyOutcome},
        shoppex::{self, Rejection},
    },
    ports::{KeyBindings, Lookup, Orders, Queue},
    use_case::{context::Context, payments::complete_pending_order::complete_pending_order},
    wire::shoppex as wire,
};

/// Answers a request.
pub async fn handle<S, Q>(context: &Context<S, Q>, request: Request) -> Result<Reply, Rejection>
where
    S: Lookup + Orders + KeyBindings,
    Q: Queue,
{
    let caller = shoppex::authenticate(context, &request, Scope::OrdersWrite).await?;
    let (completion, key) = shoppex::completion(&request)?;
    let id = shoppex::order_id(&request)?;
    let recorded = complete_pending_order(context, &caller, key.as_deref(), &id, &completion).await?;
    let outcome = ReplyOutcome::of_recorded(&recorded);
    Ok(shoppex::success(wire::one(&recorded.order), outcome).recorded(recorded))
}
