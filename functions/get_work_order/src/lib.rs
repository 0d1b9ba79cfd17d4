//! `GET /api/get_work_order`: an order for its customer's eyes, by reference code and confirmation token or e-mail.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{
        panelr,
        reply::{Reply, ReplyOutcome},
    },
    ports::{Lookup, LookupKeys, Orders},
    use_case::{Service, orders::get_work_order::get_work_order},
    wire::panelr::{requests, work_order},
};

/// Answers a request.
pub async fn handle<S, Q>(service: &Service<S, Q>, request: Request) -> Reply
where
    S: Lookup + Orders,
{
    let query = requests::get_work_order(request.uri().query().unwrap_or_default()).map_err(Into::into);
    let admitted = panelr::admit(service, &request, Scope::OrdersRead, query, |_| LookupKeys::default()).await;
    let query = match admitted {
        Ok((_, _, query)) => query,
        Err(reply) => return reply,
    };
    match get_work_order(service, &query).await {
        Ok(order) => panelr::success(&work_order::shown(&order), ReplyOutcome::Answered).about(&order),
        Err(refusal) => panelr::refuse(refusal),
    }
}
