//! `POST /api/create_work_order`: records an order without provisioning it.

use lambda_http::Request;
use shared::{
    domain::{api_key::Scope, token::TokenSecrets},
    lambda::{
        panelr::{self, Rejection},
        reply::Reply,
    },
    ports::{Lookup, Numbers, Orders},
    use_case::{
        context::Context,
        orders::{command::CreateWorkOrder, create_work_order::create_work_order},
    },
    wire::panelr::{requests, work_order},
};

/// Answers a request.
pub async fn handle<S, Q>(context: &Context<S, Q>, tokens: &TokenSecrets, request: Request) -> Result<Reply, Rejection>
where
    S: Lookup + Orders + Numbers,
    Q: Sync,
{
    let command = panelr::command(&request, requests::create_work_order);
    let lookup_keys = panelr::lookup_keys(&command, CreateWorkOrder::lookup_keys);
    let (caller, found) = panelr::authenticate(context, &request, Scope::OrdersWrite, lookup_keys).await?;
    let (command, key) = command?;
    let version = tokens.current_version();
    let recorded = create_work_order(context, version, &caller, key.as_deref(), &command, &found).await?;
    Ok(panelr::recorded(&work_order::created(&recorded.order, tokens), recorded))
}
