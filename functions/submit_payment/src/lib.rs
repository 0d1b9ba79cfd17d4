//! `POST /api/submit_payment`: a customer says that the order is paid.

use lambda_http::Request;
use shared::{
    domain::{api_key::Scope, token::TokenSecrets},
    lambda::{
        panelr::{self, Rejection, RequestError},
        reply::{Reply, ReplyOutcome},
    },
    ports::{Lookup, LookupKeys, Orders},
    use_case::{context::Context, payments::submit_payment::submit_payment},
    wire::panelr::{requests, work_order},
};

/// Answers a request.
pub async fn handle<S, Q>(context: &Context<S, Q>, tokens: &TokenSecrets, request: Request) -> Result<Reply, Rejection>
where
    S: Lookup + Orders,
    Q: Sync,
{
    let (caller, _) = panelr::authenticate(context, &request, Scope::OrdersWrite, LookupKeys::default()).await?;
    let body = panelr::object(&request)?;
    let command = requests::submit_payment(&body).map_err(RequestError::Fields)?;
    let submitted = submit_payment(context, tokens, &caller, &command).await?;
    let outcome = if submitted.replayed { ReplyOutcome::Replayed } else { ReplyOutcome::SubmittedPayment };
    let data = work_order::submitted(&submitted.order, command.amount.is_some());
    Ok(panelr::success(&data, outcome).about(&submitted.order))
}
