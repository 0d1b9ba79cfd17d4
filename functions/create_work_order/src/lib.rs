//! `POST /api/create_work_order`: records an order without provisioning it.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{panelr, reply::Reply},
    ports::{Lookup, Numbers, Orders, Queue},
    use_case::{Service, orders::create_work_order::create_work_order},
    wire::panelr::{requests, work_order},
};

/// Answers a request.
pub async fn handle<S, Q>(service: &Service<S, Q>, request: Request) -> Reply
where
    S: Lookup + Orders + Numbers,
    Q: Queue,
{
    let command = panelr::command(&request, requests::create_work_order);
    let lookup_keys =
        |(command, _): &(shared::use_case::orders::command::CreateWorkOrder, _)| command.order.lookup_keys();
    let (caller, found, (command, key)) =
        match panelr::admit(service, &request, Scope::OrdersWrite, command, lookup_keys).await {
            Ok(admitted) => admitted,
            Err(reply) => return reply,
        };
    let result = create_work_order(service, &caller, key.as_deref(), &command, &found).await;
    panelr::recorded(result, |created| work_order::created(&created.order, &service.tokens))
}
