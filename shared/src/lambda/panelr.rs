//! The Panelr side of a function: key, body and envelope.

use lambda_http::Request;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    http::{MAX_BODY, body, header},
    reply::{Reply, ReplyOutcome},
};
use crate::{
    domain::api_key::{ApiKey, KeyHash, Scope},
    ports::{Lookup, LookupKeys, LookupResult, PortError},
    use_case::{
        FieldError, Refusal, Service,
        auth::{AuthError, authenticate},
        orders::record::RecordedOrder,
    },
    wire::{
        json::{JsonFault, parse_object},
        panelr::{envelope, work_order::public_status},
    },
};

/// The header that carries the key.
pub const KEY_HEADER: &str = "x-panelr-api-key";

/// Why a request could not be made into a command.
#[derive(Debug)]
pub enum RequestError {
    /// A body over the limit.
    TooLarge,
    /// No strict JSON object.
    Json(JsonFault),
    /// Fields that break rules.
    Fields(Vec<FieldError>),
}

impl From<Vec<FieldError>> for RequestError {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Fields(errors)
    }
}

/// The object in a request's body.
pub fn object(request: &Request) -> Result<Map<String, Value>, RequestError> {
    let body = body(request);
    if body.len() > MAX_BODY {
        return Err(RequestError::TooLarge);
    }
    parse_object(body).map_err(RequestError::Json)
}

/// The request's `Idempotency-Key`: 1..255 visible ASCII characters. API Gateway joins a header that stands twice with
/// commas, and one key may not be read as another.
pub fn idempotency_key(request: &Request) -> Result<Option<String>, Vec<FieldError>> {
    let name = "idempotency-key";
    if !request.headers().contains_key(name) {
        return Ok(None);
    }
    let twice = |key: &str| key.split_once(',').is_some_and(|(one, more)| more.split(',').all(|other| other == one));
    match header(request, name) {
        Some(key)
            if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) && !twice(key) =>
        {
            Ok(Some(key.to_owned()))
        }
        _ => Err(vec![FieldError::new("Idempotency-Key", "must be 1 to 255 visible ASCII characters, once")]),
    }
}

/// The command in a POST request's body, with the request's `Idempotency-Key`.
pub fn command<C>(
    request: &Request,
    read: impl FnOnce(&Map<String, Value>) -> Result<C, Vec<FieldError>>,
) -> Result<(C, Option<String>), RequestError> {
    let body = object(request)?;
    let key = idempotency_key(request)?;
    Ok((read(&body)?, key))
}

/// Lets the caller in and brings what the command names, in one read; then the broken rules of an unreadable request are
/// told, to callers with a key alone.
pub async fn admit<S: Lookup, Q, T, C>(
    service: &Service<S, Q, T>,
    request: &Request,
    scope: Scope,
    command: Result<C, RequestError>,
    lookup_keys: impl FnOnce(&C) -> LookupKeys,
) -> Result<(ApiKey, LookupResult, C), Reply> {
    let key = header(request, KEY_HEADER).filter(|key| !key.is_empty()).map(KeyHash::of);
    let lookup_keys = command.as_ref().map(lookup_keys).unwrap_or_default();
    let (caller, found) = authenticate(service, key, scope, lookup_keys).await.map_err(denied)?;
    match command {
        Ok(command) => Ok((caller, found, command)),
        Err(unreadable) => Err(refuse_unreadable(unreadable)),
    }
}

/// Lets a caller in who brings nothing but a key.
pub async fn admit_reader<S: Lookup, Q, T>(
    service: &Service<S, Q, T>,
    request: &Request,
    scope: Scope,
) -> Result<ApiKey, Reply> {
    let admitted = admit(service, request, scope, Ok(()), |()| LookupKeys::default()).await;
    admitted.map(|(caller, _, ())| caller)
}

/// The reply to a request that read something.
pub fn read<V, D: Serialize>(result: Result<V, PortError>, data: impl FnOnce(V) -> D) -> Reply {
    match result {
        Ok(value) => success(&data(value), ReplyOutcome::Answered),
        Err(cause) => fault(cause.to_string()),
    }
}

/// The reply to a request that recorded or completed an order; `data` is made from the order.
pub fn recorded(result: Result<RecordedOrder, Refusal>, data: impl FnOnce(&RecordedOrder) -> Value) -> Reply {
    match result {
        Err(refusal) => refuse(refusal),
        Ok(recorded) => {
            let outcome = if recorded.replayed { ReplyOutcome::Replayed } else { ReplyOutcome::Accepted };
            let mut reply = success(&data(&recorded), outcome).about(&recorded.order);
            reply.send_failed = recorded.send_failed.is_some();
            reply.cause = recorded.send_failed.map(|cause| cause.to_string());
            reply
        }
    }
}

/// A success.
pub fn success(data: &impl Serialize, outcome: ReplyOutcome) -> Reply {
    match envelope::success(data) {
        Ok(body) => Reply::new(200, body, outcome, "ok"),
        Err(cause) => fault(cause.to_string()),
    }
}

/// A failure with this status, sentence and code.
pub fn failure(status: u16, sentence: &str, code: &'static str) -> Reply {
    Reply::new(status, envelope::failure(sentence, code, &[]), ReplyOutcome::of_status(status), code)
}

/// A fault of ours that a retry may cure.
pub fn fault(cause: String) -> Reply {
    let mut reply = failure(503, "The service cannot answer right now. Please try again in a moment.", "unavailable");
    reply.retry_after = Some(2);
    reply.cause = Some(cause);
    reply
}

fn denied(denied: AuthError) -> Reply {
    match denied {
        AuthError::InvalidKey => {
            Reply::new(401, envelope::UNAUTHORIZED.to_owned(), ReplyOutcome::Refused, "unauthorized")
        }
        AuthError::MissingScope(scope) => {
            failure(403, &format!("This API key does not have the scope {}.", scope.as_str()), "forbidden")
        }
        AuthError::RateLimited(seconds) => {
            let sentence = format!("This API key sends too many requests. Please try again in {seconds} s.");
            failure(429, &sentence, "rate_limited").after(seconds)
        }
        AuthError::Unavailable(cause) => fault(cause.to_string()),
    }
}

fn refuse_unreadable(unreadable: RequestError) -> Reply {
    match unreadable {
        RequestError::TooLarge => failure(413, "The body is larger than 256 KiB.", "too_large"),
        RequestError::Json(fault) => failure(400, &fault.to_string(), "malformed"),
        RequestError::Fields(errors) => invalid(&errors),
    }
}

fn invalid(errors: &[FieldError]) -> Reply {
    let sentence = errors.first().map_or("The request breaks a rule.", |error| error.message.as_str());
    Reply::new(422, envelope::failure(sentence, "invalid", errors), ReplyOutcome::Refused, "invalid")
}

/// The reply to a refusal.
pub fn refuse(refusal: Refusal) -> Reply {
    match refusal {
        Refusal::Invalid(errors) => invalid(&errors),
        Refusal::ManualMethod(id) => invalid(&[FieldError::new(
            "payment_method_id",
            format!("names payment method {id}, which is manual; record the order with create_work_order instead"),
        )]),
        Refusal::KeyUsed(reference) => failure(
            422,
            &format!("This order was sent before with other contents; it is work order {reference}."),
            "already_used",
        ),
        Refusal::NoSuchOrder => failure(404, "Work order not found.", "not_found"),
        Refusal::WrongState(status) => {
            let shown = public_status(status);
            failure(422, &format!("The work order is {shown}; that does not allow this action."), "wrong_status")
        }
        Refusal::BalanceLeft { formatted, .. } => failure(
            422,
            &format!("The payment was recorded, but a balance of {formatted} is still due."),
            "balance_due",
        ),
        Refusal::Unavailable(cause) => fault(cause.to_string()),
    }
}
