//! `POST /dev/v1/orders/{id}/complete` and `/dev/v1/invoices/{id}/complete`: completes an order that waits for payment.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{reply::Reply, shoppex},
    ports::{KeyBindings, Lookup, Orders, Queue},
    use_case::{Service, payments::complete_pending_order::complete_pending_order},
};

/// Answers a request.
pub async fn handle<S, Q>(service: &Service<S, Q, ()>, request: Request) -> Reply
where
    S: Lookup + Orders + KeyBindings,
    Q: Queue,
{
    let caller = match shoppex::admit(service, &request, Scope::OrdersWrite).await {
        Ok(caller) => caller,
        Err(reply) => return reply,
    };
    let parsed = shoppex::completion(&request).and_then(|parsed| Ok((parsed, shoppex::order_id(&request)?)));
    let ((completion, key), id) = match parsed {
        Ok(parsed) => parsed,
        Err(reply) => return reply,
    };
    shoppex::recorded(complete_pending_order(service, &caller, key.as_deref(), &id, &completion).await)
}
