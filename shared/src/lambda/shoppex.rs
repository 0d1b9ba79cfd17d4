//! The Shoppex side of a function: key, id and envelope.

use lambda_http::{Request, RequestExt};
use percent_encoding::percent_decode_str;

use super::{
    reply::{Reply, ReplyOutcome},
    request::{MAX_BODY, body, header, idempotency_key},
};
use crate::{
    domain::api_key::{ApiKey, KeyHash, Scope},
    ports::{Lookup, LookupKeys, PortError},
    use_case::{
        auth::{self, AuthError},
        context::Context,
        orders::find_order::ShoppexOrderId,
        payments::complete_pending_order::Completion,
        refusal::{FieldError, KeyedRefusal, OrderRefusal},
    },
    wire::shoppex as wire,
};

/// Who calls.
pub async fn authenticate<S: Lookup, Q>(
    context: &Context<S, Q>,
    request: &Request,
    scope: Scope,
) -> Result<ApiKey, AuthError> {
    let key = header(request, "authorization").and_then(bearer).map(KeyHash::of);
    let (caller, _) = auth::authenticate(context, key, scope, LookupKeys::default()).await?;
    Ok(caller)
}

/// The key in `Bearer <key>`; a scheme's name has no case.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

/// The order's id in the path. The gateway decodes it, and a client may have encoded it once more.
pub fn order_id(request: &Request) -> Result<ShoppexOrderId, Rejection> {
    let parameters = request.path_parameters();
    let text = parameters.first("id").map(|id| percent_decode_str(id).decode_utf8_lossy().into_owned());
    text.as_deref().map(str::trim).and_then(ShoppexOrderId::parse).ok_or_else(|| not_found().into())
}

/// The options in a request's body, with its `Idempotency-Key`.
pub fn completion(request: &Request) -> Result<(Completion, Option<String>), Rejection> {
    let body = body(request);
    if body.len() > MAX_BODY {
        return Err(failure(413, "VALIDATION_ERROR", "The body is larger than 256 KiB.").into());
    }
    let key = idempotency_key(request)?;
    Ok((wire::completion(body)?, key))
}

/// A request that is not done.
#[derive(Debug)]
pub struct Rejection(Box<Reply>);

impl From<Rejection> for Reply {
    fn from(rejection: Rejection) -> Self {
        *rejection.0
    }
}

impl From<Reply> for Rejection {
    fn from(reply: Reply) -> Self {
        Self(Box::new(reply))
    }
}

impl From<AuthError> for Rejection {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::InvalidKey => failure(401, "UNAUTHORIZED", "Invalid or missing API key.").into(),
            AuthError::MissingScope(scope) => {
                failure(403, "FORBIDDEN", &format!("This API key does not have the scope {}.", scope.as_str())).into()
            }
            AuthError::RateLimited(seconds) => {
                let message = format!("This API key sends too many requests. Please try again in {seconds} s.");
                failure(429, "RATE_LIMITED", &message).after(seconds).into()
            }
            AuthError::Unavailable(cause) => cause.into(),
        }
    }
}

impl From<Vec<FieldError>> for Rejection {
    fn from(errors: Vec<FieldError>) -> Self {
        invalid(&errors).into()
    }
}

impl From<PortError> for Rejection {
    fn from(cause: PortError) -> Self {
        fault(cause.to_string()).into()
    }
}

impl From<KeyedRefusal> for Rejection {
    fn from(refusal: KeyedRefusal) -> Self {
        match refusal {
            KeyedRefusal::KeyUsed(reference) => {
                let rule = format!("was used before for another request, about order {reference}");
                invalid(&[FieldError::new("Idempotency-Key", rule)]).into()
            }
            KeyedRefusal::Order(OrderRefusal::NoSuchOrder) => not_found().into(),
            KeyedRefusal::Order(OrderRefusal::WrongState(status)) => {
                let shown = wire::public_status(status);
                let rule = format!("is {shown}; only PENDING and PENDING_PAYMENT orders can be completed");
                invalid(&[FieldError::new("status", rule)]).into()
            }
            KeyedRefusal::Order(OrderRefusal::Unavailable(cause)) => cause.into(),
        }
    }
}

fn invalid(errors: &[FieldError]) -> Reply {
    let message = errors.first().map_or("The request breaks a rule.", |error| error.message.as_str());
    Reply::new(422, wire::failure("VALIDATION_ERROR", message, errors), ReplyOutcome::Refused, "VALIDATION_ERROR")
}

/// The reply for an order that is not there.
pub fn not_found() -> Reply {
    failure(404, "NOT_FOUND", "Order not found.")
}

/// A success, with this body.
pub fn success(body: String, outcome: ReplyOutcome) -> Reply {
    Reply::new(200, body, outcome, "ok")
}

/// A failure with this status.
pub fn failure(status: u16, code: &'static str, message: &str) -> Reply {
    Reply::new(status, wire::failure(code, message, &[]), ReplyOutcome::of_status(status), code)
}

/// A fault of ours that a retry may cure.
pub fn fault(cause: String) -> Reply {
    let message = "The service cannot answer right now. Please try again in a moment.";
    failure(503, "INTERNAL_ERROR", message).after(2).because(cause)
}
