//! `POST /api/submit_payment`: a customer says that the order is paid.

use lambda_http::Request;
use shared::{
    domain::api_key::Scope,
    lambda::{
        panelr,
        reply::{Reply, ReplyOutcome},
    },
    ports::{Lookup, LookupKeys, Orders},
    use_case::{Service, payments::submit_payment::submit_payment},
    wire::panelr::{requests, work_order},
};

/// Answers a request.
pub async fn handle<S, Q>(service: &Service<S, Q>, request: Request) -> Reply
where
    S: Lookup + Orders,
    Q: Sync,
{
    let command = panelr::object(&request).and_then(|body| Ok(requests::submit_payment(&body)?));
    let admitted = panelr::admit(service, &request, Scope::OrdersWrite, command, |_| LookupKeys::default()).await;
    let (caller, _, command) = match admitted {
        Ok(admitted) => admitted,
        Err(reply) => return reply,
    };
    match submit_payment(service, &caller, &command).await {
        Ok(submitted) => {
            let outcome = if submitted.replayed { ReplyOutcome::Replayed } else { ReplyOutcome::SubmittedPayment };
            let data = work_order::submitted(&submitted.order, command.amount.is_some());
            panelr::success(&data, outcome).about(&submitted.order)
        }
        Err(refusal) => panelr::refuse(refusal),
    }
}
