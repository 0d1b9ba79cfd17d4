//! `GET /dev/v1/orders` and `/dev/v1/invoices`: orders in pages, newest first.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{
        reply::{Reply, ReplyOutcome},
        shoppex,
    },
    ports::{Listing, Lookup},
    use_case::{Service, orders::list_orders::list_orders},
    wire::shoppex as wire,
};

/// Answers a request.
pub async fn handle<S, Q>(service: &Service<S, Q, ()>, request: Request) -> Reply
where
    S: Lookup + Listing,
    Q: Sync,
{
    if let Err(reply) = shoppex::admit(service, &request, Scope::OrdersRead).await {
        return reply;
    }
    let query = match wire::list_query(request.uri().query().unwrap_or_default()) {
        Ok(query) => query,
        Err(errors) => return shoppex::invalid(&errors),
    };
    match list_orders(&service.store, &query).await {
        Ok(page) => Reply::new(200, wire::page(&page), ReplyOutcome::Answered, "ok"),
        Err(refusal) => shoppex::refuse(refusal),
    }
}
