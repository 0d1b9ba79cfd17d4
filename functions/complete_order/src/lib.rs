//! `POST /api/complete_order`: a payment that a gateway has confirmed. Records the order and queues it for provisioning.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{panelr, reply::Reply},
    ports::{KeyBindings, Lookup, Numbers, Orders, Queue},
    use_case::{Service, orders::complete_order::complete_order},
    wire::panelr::{requests, work_order},
};

/// Answers a request.
pub async fn handle<S, Q>(service: &Service<S, Q>, request: Request) -> Reply
where
    S: Lookup + Orders + Numbers + KeyBindings,
    Q: Queue,
{
    let command = panelr::command(&request, requests::complete_order);
    let admitted =
        panelr::admit(service, &request, Scope::OrdersWrite, command, |(command, _)| command.lookup_keys()).await;
    let (caller, found, (command, key)) = match admitted {
        Ok(admitted) => admitted,
        Err(reply) => return reply,
    };
    let result = complete_order(service, &caller, key.as_deref(), &command, &found).await;
    panelr::recorded(result, |recorded| work_order::completed(&recorded.order))
}
