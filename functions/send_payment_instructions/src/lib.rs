//! `POST /api/send_payment_instructions`: a shop asks that its customer be told how to pay. The request is kept.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{
        panelr::{self, Rejection, RequestError},
        reply::{Reply, ReplyOutcome},
    },
    ports::{Lookup, LookupKeys, Orders},
    use_case::{context::Context, payments::send_payment_instructions::send_payment_instructions},
    wire::panelr::{requests, work_order},
};

/// Answers a request.
pub async fn handle<S, Q>(context: &Context<S, Q>, request: Request) -> Result<Reply, Rejection>
where
    S: Lookup + Orders,
    Q: Sync,
{
    let (caller, _) = panelr::authenticate(context, &request, Scope::OrdersWrite, LookupKeys::default()).await?;
    let body = panelr::object(&request)?;
    let number = requests::send_payment_instructions(&body).map_err(RequestError::Fields)?;
    let order = send_payment_instructions(context, &caller, number).await?;
    Ok(panelr::success(&work_order::instructions_asked_for(&order), ReplyOutcome::Answered).about(&order))
}
