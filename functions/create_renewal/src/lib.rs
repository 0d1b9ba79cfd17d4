//! `POST /api/create_renewal`: complete_order with the renewal of one line, for its customer.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{
        panelr::{self, Rejection},
        reply::Reply,
    },
    ports::{Lookup, Numbers, Orders, Queue},
    use_case::{
        context::Context,
        orders::{
            command::OrderRequest,
            complete_order::{CREATE_RENEWAL, complete_cart},
        },
    },
    wire::panelr::{requests, work_order},
};

/// Answers a request.
pub async fn handle<S, Q>(context: &Context<S, Q>, request: Request) -> Result<Reply, Rejection>
where
    S: Lookup + Orders + Numbers,
    Q: Queue,
{
    let command = panelr::command(&request, requests::create_renewal);
    let lookup_keys = panelr::lookup_keys(&command, OrderRequest::lookup_keys);
    let (caller, found) = panelr::authenticate(context, &request, Scope::OrdersWrite, lookup_keys).await?;
    let (order, key) = command?;
    let recorded = complete_cart(context, &caller, CREATE_RENEWAL, key.as_deref(), &order, &found).await?;
    Ok(panelr::recorded(&work_order::completed_one(&recorded.order), recorded))
}
