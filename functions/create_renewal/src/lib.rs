//! `POST /api/create_renewal`: complete_order with the renewal of one line, for its customer.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{panelr, reply::Reply},
    ports::{Lookup, Numbers, Orders, Queue},
    use_case::{
        Service,
        orders::{
            command::OrderRequest,
            complete_order::{CREATE_RENEWAL, complete_cart},
        },
    },
    wire::panelr::{requests, work_order},
};

/// Answers a request.
pub async fn handle<S, Q>(service: &Service<S, Q, ()>, request: Request) -> Reply
where
    S: Lookup + Orders + Numbers,
    Q: Queue,
{
    let command = panelr::command(&request, requests::create_renewal);
    let lookup_keys = |(order, _): &(OrderRequest, _)| order.lookup_keys();
    let admitted = panelr::admit(service, &request, Scope::OrdersWrite, command, lookup_keys).await;
    let (caller, found, (order, key)) = match admitted {
        Ok(admitted) => admitted,
        Err(reply) => return reply,
    };
    let result = complete_cart(service, &caller, CREATE_RENEWAL, key.as_deref(), &order, &found).await;
    panelr::recorded(result, |recorded| work_order::completed_one(&recorded.order))
}
