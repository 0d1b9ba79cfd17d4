//! `GET /dev/v1/orders/{id}` and `/dev/v1/invoices/{id}`: an order.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{
        reply::{Reply, ReplyOutcome},
        shoppex::{self, Rejection},
    },
    ports::{Lookup, Orders},
    use_case::{context::Context, orders::find_order::find_order},
    wire::shoppex as wire,
};

/// Answers a request.
pub async fn handle<S, Q>(context: &Context<S, Q>, request: Request) -> Result<Reply, Rejection>
where
    S: Lookup + Orders,
    Q: Sync,
{
    shoppex::authenticate(context, &request, Scope::OrdersRead).await?;
    let order = find_order(&context.store, &shoppex::order_id(&request)?).await?.ok_or_else(shoppex::not_found)?;
    Ok(shoppex::success(wire::one(&order), ReplyOutcome::Answered).about(&order))
}
