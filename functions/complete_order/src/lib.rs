//! `POST /api/complete_order`: a payment that a gateway has confirmed. Records the order and queues it for provisioning.

use lambda_http::Request;
use shared::{
    domain::{api_key::Scope, token::TokenSecrets},
    lambda::{
        panelr::{self, Rejection},
        reply::Reply,
    },
    ports::{KeyBindings, Lookup, Numbers, Orders, Queue},
    use_case::{
        context::Context,
        orders::{command::CompleteOrder, complete_order::complete_order},
        payments::complete_by_token::complete_by_token,
    },
    wire::panelr::{requests, work_order},
};

/// Answers a request.
pub async fn handle<S, Q>(context: &Context<S, Q>, tokens: &TokenSecrets, request: Request) -> Result<Reply, Rejection>
where
    S: Lookup + Orders + Numbers + KeyBindings,
    Q: Queue,
{
    let command = panelr::command(&request, requests::complete_order);
    let lookup_keys = panelr::lookup_keys(&command, CompleteOrder::lookup_keys);
    let (caller, found) = panelr::authenticate(context, &request, Scope::OrdersWrite, lookup_keys).await?;
    let (command, key) = command?;
    let recorded = match &command {
        CompleteOrder::Cart(cart) => complete_order(context, &caller, key.as_deref(), cart, &found).await?,
        CompleteOrder::ByToken(payment) => {
            complete_by_token(context, tokens, &caller, key.as_deref(), payment, &found).await?
        }
    };
    Ok(panelr::recorded(&work_order::completed(&recorded.order), recorded))
}
