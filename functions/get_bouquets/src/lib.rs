//! `GET /api/get_bouquets`: the bouquets.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{
        panelr::{self, Rejection},
        reply::{Reply, ReplyOutcome},
    },
    ports::{Catalogue, Lookup, LookupKeys},
    use_case::context::Context,
    wire::panelr::catalogue,
};

/// Answers a request.
pub async fn handle<S, Q>(context: &Context<S, Q>, request: Request) -> Result<Reply, Rejection>
where
    S: Lookup + Catalogue,
    Q: Sync,
{
    panelr::authenticate(context, &request, Scope::CatalogueRead, LookupKeys::default()).await?;
    Ok(panelr::success(&catalogue::bouquets(context.store.bouquets().await?), ReplyOutcome::Answered))
}
