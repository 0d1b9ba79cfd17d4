//! `POST /api/send_payment_instructions`: a shop asks that its customer be told how to pay. The request is kept.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{
        panelr,
        reply::{Reply, ReplyOutcome},
    },
    ports::{Lookup, LookupKeys, Orders},
    use_case::{Service, payments::send_payment_instructions::send_payment_instructions},
    wire::panelr::{requests, work_order},
};

/// Answers a request.
pub async fn handle<S, Q>(service: &Service<S, Q, ()>, request: Request) -> Reply
where
    S: Lookup + Orders,
    Q: Sync,
{
    let command = panelr::object(&request).and_then(|body| Ok(requests::send_payment_instructions(&body)?));
    let admitted = panelr::admit(service, &request, Scope::OrdersWrite, command, |_| LookupKeys::default()).await;
    let (caller, _, number) = match admitted {
        Ok(admitted) => admitted,
        Err(reply) => return reply,
    };
    match send_payment_instructions(service, &caller, number).await {
        Ok(order) => panelr::success(&work_order::instructions_asked_for(&order), ReplyOutcome::Answered).about(&order),
        Err(refusal) => panelr::refuse(refusal),
    }
}
