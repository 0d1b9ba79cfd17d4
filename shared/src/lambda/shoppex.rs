//! The Shoppex side of a function: key, id and envelope.

use lambda_http::{Request, RequestExt};
use percent_encoding::percent_decode_str;

use super::{
    http::{MAX_BODY, body, header},
    panelr::idempotency_key,
    reply::{Reply, ReplyOutcome},
};
use crate::{
    domain::api_key::{ApiKey, KeyHash, Scope},
    ports::{Lookup, LookupKeys},
    use_case::{
        FieldError, Refusal, Service,
        auth::{AuthError, authenticate},
        orders::{find_order::OrderId, record::RecordedOrder},
    },
    wire::shoppex as wire,
};

/// Lets the caller in.
pub async fn admit<S: Lookup, Q, T>(
    service: &Service<S, Q, T>,
    request: &Request,
    scope: Scope,
) -> Result<ApiKey, Reply> {
    let key = header(request, "authorization").and_then(bearer).map(KeyHash::of);
    match authenticate(service, key, scope, LookupKeys::default()).await {
        Ok((caller, _)) => Ok(caller),
        Err(AuthError::InvalidKey) => Err(failure(401, "UNAUTHORIZED", "Invalid or missing API key.")),
        Err(AuthError::MissingScope(scope)) => {
            Err(failure(403, "FORBIDDEN", &format!("This API key does not have the scope {}.", scope.as_str())))
        }
        Err(AuthError::RateLimited(seconds)) => {
            let message = format!("This API key sends too many requests. Please try again in {seconds} s.");
            Err(failure(429, "RATE_LIMITED", &message).after(seconds))
        }
        Err(AuthError::Unavailable(cause)) => Err(fault(cause.to_string())),
    }
}

/// The key in `Bearer <key>`; a scheme's name has no case.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

/// The order's id in the path. The gateway decodes it, and a client may have encoded it once more.
pub fn order_id(request: &Request) -> Result<OrderId, Reply> {
    let parameters = request.path_parameters();
    let text = parameters.first("id").map(|id| percent_decode_str(id).decode_utf8_lossy().into_owned());
    text.as_deref().map(str::trim).and_then(OrderId::parse).ok_or_else(not_found)
}

/// The options in a request's body, with its `Idempotency-Key`.
pub fn completion(
    request: &Request,
) -> Result<(crate::use_case::payments::complete_pending_order::Completion, Option<String>), Reply> {
    let body = body(request);
    if body.len() > MAX_BODY {
        return Err(failure(413, "VALIDATION_ERROR", "The body is larger than 256 KiB."));
    }
    let key = idempotency_key(request).map_err(|errors| invalid(&errors))?;
    let completion = wire::completion(body).map_err(|errors| invalid(&errors))?;
    Ok((completion, key))
}

/// The reply to a completion.
pub fn recorded(result: Result<RecordedOrder, Refusal>) -> Reply {
    match result {
        Err(refusal) => refuse(refusal),
        Ok(recorded) => {
            let outcome = if recorded.replayed { ReplyOutcome::Replayed } else { ReplyOutcome::Accepted };
            let mut reply = Reply::new(200, wire::one(&recorded.order), outcome, "ok").about(&recorded.order);
            reply.send_failed = recorded.send_failed.is_some();
            reply.cause = recorded.send_failed.map(|cause| cause.to_string());
            reply
        }
    }
}

/// The reply to broken rules.
pub fn invalid(errors: &[FieldError]) -> Reply {
    let message = errors.first().map_or("The request breaks a rule.", |error| error.message.as_str());
    Reply::new(422, wire::failure("VALIDATION_ERROR", message, errors), ReplyOutcome::Refused, "VALIDATION_ERROR")
}

/// The reply for an order that is not there.
pub fn not_found() -> Reply {
    failure(404, "NOT_FOUND", "Order not found.")
}

/// The reply to a refusal.
pub fn refuse(refusal: Refusal) -> Reply {
    match refusal {
        Refusal::Invalid(errors) => invalid(&errors),
        Refusal::NoSuchOrder => not_found(),
        Refusal::KeyUsed(reference) => {
            let rule = format!("was used before for another request, about order {reference}");
            invalid(&[FieldError::new("Idempotency-Key", rule)])
        }
        Refusal::WrongState(status) => {
            let rule =
                format!("is {}; only PENDING and PENDING_PAYMENT orders can be completed", wire::public_status(status));
            invalid(&[FieldError::new("status", rule)])
        }
        Refusal::BalanceLeft { formatted, .. } => {
            invalid(&[FieldError::new("amount", format!("leaves a balance of {formatted}"))])
        }
        Refusal::ManualMethod(id) => {
            invalid(&[FieldError::new("payment_method_id", format!("names the manual method {id}"))])
        }
        Refusal::Unavailable(cause) => fault(cause.to_string()),
    }
}

/// A failure with this status.
pub fn failure(status: u16, code: &'static str, message: &str) -> Reply {
    Reply::new(status, wire::failure(code, message, &[]), ReplyOutcome::of_status(status), code)
}

/// A fault of ours that a retry may cure.
pub fn fault(cause: String) -> Reply {
    let message = "The service cannot answer right now. Please try again in a moment.";
    let mut reply = failure(503, "INTERNAL_ERROR", message);
    reply.retry_after = Some(2);
    reply.cause = Some(cause);
    reply
}
