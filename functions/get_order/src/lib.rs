//! `GET /dev/v1/orders/{id}` and `/dev/v1/invoices/{id}`: an order.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{
        reply::{Reply, ReplyOutcome},
        shoppex,
    },
    ports::{Lookup, Orders},
    use_case::{Service, orders::find_order::find_order},
    wire::shoppex as wire,
};

/// Answers a request.
pub async fn handle<S, Q>(service: &Service<S, Q, ()>, request: Request) -> Reply
where
    S: Lookup + Orders,
    Q: Sync,
{
    if let Err(reply) = shoppex::admit(service, &request, Scope::OrdersRead).await {
        return reply;
    }
    let id = match shoppex::order_id(&request) {
        Ok(id) => id,
        Err(reply) => return reply,
    };
    match find_order(&service.store, &id).await {
        Ok(Some(order)) => Reply::new(200, wire::one(&order), ReplyOutcome::Answered, "ok").about(&order),
        Ok(None) => shoppex::not_found(),
        Err(cause) => shoppex::fault(cause.to_string()),
    }
}
