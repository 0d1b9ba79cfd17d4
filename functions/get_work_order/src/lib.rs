//! `GET /api/get_work_order`: an order for its customer's eyes, by reference code and confirmation token or e-mail.

use lambda_http::Request;
use shared::{
    domain::{api_key::Scope, token::TokenSecrets},
    lambda::{
        panelr::{self, Rejection, RequestError},
        reply::{Reply, ReplyOutcome},
    },
    ports::{Lookup, LookupKeys, Orders},
    use_case::{context::Context, orders::get_work_order::get_work_order},
    wire::panelr::{requests, work_order},
};

/// Answers a request.
pub async fn handle<S, Q>(context: &Context<S, Q>, tokens: &TokenSecrets, request: Request) -> Result<Reply, Rejection>
where
    S: Lookup + Orders,
    Q: Sync,
{
    panelr::authenticate(context, &request, Scope::OrdersRead, LookupKeys::default()).await?;
    let query = requests::get_work_order(request.uri().query().unwrap_or_default()).map_err(RequestError::Fields)?;
    let order = get_work_order(&context.store, tokens, &query).await?.ok_or_else(panelr::not_found)?;
    Ok(panelr::success(&work_order::shown(&order), ReplyOutcome::Answered).about(&order))
}
