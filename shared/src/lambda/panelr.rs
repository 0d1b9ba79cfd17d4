//! The Panelr side of a function: key, body and envelope.

use lambda_http::Request;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    reply::{Reply, ReplyOutcome},
    request::{MAX_BODY, body, header, idempotency_key},
};
use crate::{
    domain::api_key::{ApiKey, KeyHash, Scope},
    ports::{Lookup, LookupKeys, LookupResult, PortError},
    use_case::{
        auth::{self, AuthError},
        context::Context,
        orders::new_order::RecordedOrder,
        refusal::{FieldError, NewOrderRefusal, OrderRefusal, PaymentRefusal, TokenPaymentRefusal},
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

/// The command in a POST request's body, with the request's `Idempotency-Key`.
pub fn command<C>(
    request: &Request,
    read: impl FnOnce(&Map<String, Value>) -> Result<C, Vec<FieldError>>,
) -> Result<(C, Option<String>), RequestError> {
    let body = object(request)?;
    let key = idempotency_key(request)?;
    Ok((read(&body)?, key))
}

/// What a command names; nothing where the request could not be read.
pub fn lookup_keys<C>(
    command: &Result<(C, Option<String>), RequestError>,
    names: impl FnOnce(&C) -> LookupKeys,
) -> LookupKeys {
    command.as_ref().map(|(command, _)| names(command)).unwrap_or_default()
}

/// Who calls, with what the command names: both in one read. Broken rules of the command are reported after this, to
/// callers with a key alone.
pub async fn authenticate<S: Lookup, Q>(
    context: &Context<S, Q>,
    request: &Request,
    scope: Scope,
    lookup_keys: LookupKeys,
) -> Result<(ApiKey, LookupResult), AuthError> {
    let key = header(request, KEY_HEADER).filter(|key| !key.is_empty()).map(KeyHash::of);
    auth::authenticate(context, key, scope, lookup_keys).await
}

/// A success.
pub fn success(data: &impl Serialize, outcome: ReplyOutcome) -> Reply {
    match envelope::success(data) {
        Ok(body) => Reply::new(200, body, outcome, "ok"),
        Err(cause) => fault(cause.to_string()),
    }
}

/// The reply to a request that recorded or completed an order.
pub fn recorded(data: &impl Serialize, recorded: RecordedOrder) -> Reply {
    success(data, ReplyOutcome::of_recorded(&recorded)).recorded(recorded)
}

/// A failure with this status, sentence and code.
pub fn failure(status: u16, sentence: &str, code: &'static str) -> Reply {
    Reply::new(status, envelope::failure(sentence, code, &[]), ReplyOutcome::of_status(status), code)
}

/// A fault of ours that a retry may cure.
pub fn fault(cause: String) -> Reply {
    failure(503, "The service cannot answer right now. Please try again in a moment.", "unavailable")
        .after(2)
        .because(cause)
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
            AuthError::InvalidKey => {
                Reply::new(401, envelope::UNAUTHORIZED.to_owned(), ReplyOutcome::Refused, "unauthorized").into()
            }
            AuthError::MissingScope(scope) => {
                failure(403, &format!("This API key does not have the scope {}.", scope.as_str()), "forbidden").into()
            }
            AuthError::RateLimited(seconds) => {
                let sentence = format!("This API key sends too many requests. Please try again in {seconds} s.");
                failure(429, &sentence, "rate_limited").after(seconds).into()
            }
            AuthError::Unavailable(cause) => cause.into(),
        }
    }
}

impl From<RequestError> for Rejection {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::TooLarge => failure(413, "The body is larger than 256 KiB.", "too_large").into(),
            RequestError::Json(fault) => failure(400, &fault.to_string(), "malformed").into(),
            RequestError::Fields(errors) => invalid(&errors).into(),
        }
    }
}

impl From<PortError> for Rejection {
    fn from(cause: PortError) -> Self {
        fault(cause.to_string()).into()
    }
}

impl From<NewOrderRefusal> for Rejection {
    fn from(refusal: NewOrderRefusal) -> Self {
        match refusal {
            NewOrderRefusal::Invalid(errors) => invalid(&errors).into(),
            NewOrderRefusal::ManualMethod(id) => invalid(&[FieldError::new(
                "payment_method_id",
                format!("names payment method {id}, which is manual; record the order with create_work_order instead"),
            )])
            .into(),
            NewOrderRefusal::KeyUsed(reference) => key_used(&reference).into(),
            NewOrderRefusal::Unavailable(cause) => cause.into(),
        }
    }
}

impl From<OrderRefusal> for Rejection {
    fn from(refusal: OrderRefusal) -> Self {
        match refusal {
            OrderRefusal::NoSuchOrder => not_found().into(),
            OrderRefusal::WrongState(status) => {
                let shown = public_status(status);
                let sentence = format!("The work order is {shown}; that does not allow this action.");
                failure(422, &sentence, "wrong_status").into()
            }
            OrderRefusal::Unavailable(cause) => cause.into(),
        }
    }
}

impl From<PaymentRefusal> for Rejection {
    fn from(refusal: PaymentRefusal) -> Self {
        match refusal {
            PaymentRefusal::Invalid(error) => invalid(&[error]).into(),
            PaymentRefusal::Order(refusal) => refusal.into(),
        }
    }
}

impl From<TokenPaymentRefusal> for Rejection {
    fn from(refusal: TokenPaymentRefusal) -> Self {
        match refusal {
            TokenPaymentRefusal::KeyUsed(reference) => key_used(&reference).into(),
            TokenPaymentRefusal::BalanceLeft { formatted, .. } => {
                let sentence = format!("The payment was recorded, but a balance of {formatted} is still due.");
                failure(422, &sentence, "balance_due").into()
            }
            TokenPaymentRefusal::Payment(refusal) => refusal.into(),
        }
    }
}

/// The reply for an order that is not there.
pub fn not_found() -> Reply {
    failure(404, "Work order not found.", "not_found")
}

fn invalid(errors: &[FieldError]) -> Reply {
    let sentence = errors.first().map_or("The request breaks a rule.", |error| error.message.as_str());
    Reply::new(422, envelope::failure(sentence, "invalid", errors), ReplyOutcome::Refused, "invalid")
}

fn key_used(reference: &str) -> Reply {
    let sentence = format!("This order was sent before with other contents; it is work order {reference}.");
    failure(422, &sentence, "already_used")
}
