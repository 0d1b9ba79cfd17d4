//! `GET /dev/v1/orders` and `/dev/v1/invoices`: orders in pages, newest first.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{
        reply::{Reply, ReplyOutcome},
        shoppex::{self, Rejection},
    },
    ports::{Listing, Lookup},
    use_case::{context::Context, orders::list_orders::list_orders},
    wire::shoppex as wire,
};

/// Answers a request.
pub async fn handle<S, Q>(context: &Context<S, Q>, request: Request) -> Result<Reply, Rejection>
where
    S: Lookup + Listing,
    Q: Sync,
{
    shoppex::authenticate(context, &request, Scope::OrdersRead).await?;
    let query = wire::list_query(request.uri().query().unwrap_or_default())?;
    let page = list_orders(&context.store, &query).await?;
    Ok(shoppex::success(wire::page(&page), ReplyOutcome::Answered))
}
