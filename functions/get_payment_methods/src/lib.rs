//! `GET /api/get_payment_methods`: the ways to pay.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{panelr, reply::Reply},
    ports::{Catalogue, Lookup},
    use_case::Service,
    wire::panelr::catalogue,
};

/// Answers a request.
pub async fn handle<S, Q>(service: &Service<S, Q, ()>, request: Request) -> Reply
where
    S: Lookup + Catalogue,
    Q: Sync,
{
    if let Err(reply) = panelr::admit_reader(service, &request, Scope::CatalogueRead).await {
        return reply;
    }
    panelr::read(service.store.payment_methods().await, catalogue::payment_methods)
}
