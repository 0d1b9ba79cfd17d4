//! From an API Gateway event (HTTP API, payload 2.0) to a reply, once for every HTTP function.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant, SystemTime},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::FutureExt;
use lambda_http::{
    Body, Request,
    aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse},
    request::LambdaRequest,
};
use lambda_runtime::{LambdaEvent, service_fn};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::value::RawValue;

use super::{panelr, reply::Reply, shoppex};
use crate::aws::clients::counting;

/// The longest path and query together, in bytes as they come. An HTTP API takes 10 KiB of request line and headers:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>. Encoded they are up to three times as
/// long, and an address of 64 KiB could not be made into a request.
pub const MAX_ADDRESS: usize = 16 * 1024;

/// Which API a path belongs to: each has an envelope of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `/api/...`
    Panelr,
    /// `/dev/v1/...`
    Shoppex,
}

impl Side {
    /// The side of a path, which may begin with a stage.
    pub fn of_path(path: &str) -> Self {
        let shoppex = path.split('/').skip(1).take(3).collect::<Vec<_>>().windows(2).any(|pair| pair == ["dev", "v1"]);
        if shoppex { Self::Shoppex } else { Self::Panelr }
    }

    /// The reply to a fault of ours.
    pub fn fault(self, cause: String) -> Reply {
        match self {
            Self::Panelr => panelr::fault(cause),
            Self::Shoppex => shoppex::fault(cause),
        }
    }

    /// The reply to an address over [`MAX_ADDRESS`].
    fn too_long(self) -> Reply {
        let sentence = "The address is longer than 16 KiB.";
        match self {
            Self::Panelr => panelr::failure(414, sentence, "too_long"),
            Self::Shoppex => shoppex::failure(414, "VALIDATION_ERROR", sentence),
        }
    }
}

/// Runs a function: `action` names it in logs and metrics. A rejected request gets the reply that its rejection becomes.
pub async fn run<H, F, R>(action: &'static str, handler: H) -> Result<(), lambda_runtime::Error>
where
    H: Fn(Request) -> F,
    F: Future<Output = Result<Reply, R>>,
    R: Into<Reply>,
{
    let handler = &handler;
    // The event is parsed here and not by the runtime, which would log what it cannot read, headers and all.
    let each = |event: LambdaEvent<Box<RawValue>>| async move {
        let LambdaEvent { payload, context, .. } = event;
        let time_left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        let event = serde_json::from_str(payload.get()).unwrap_or_default();
        // Boxed here and below: else the compiler lays out one future of all that a request can await.
        let reply = respond(action, &context.request_id, event, time_left.saturating_sub(TO_ANSWER), handler);
        Ok::<_, lambda_runtime::Error>(Box::pin(reply).await)
    };
    lambda_runtime::run(service_fn(each)).await
}

/// What an answer takes of an invocation's time.
const TO_ANSWER: Duration = Duration::from_millis(500);

/// Answers one event: logs once, counts once, and answers in the envelope whatever happens. Work that is not done within
/// `time` is dropped, which is as good as a crash there: the caller comes again, and every step can be repeated.
pub async fn respond<H, F, R>(
    action: &'static str,
    request_id: &str,
    event: ApiGatewayV2httpRequest,
    time: Duration,
    handler: &H,
) -> ApiGatewayV2httpResponse
where
    H: Fn(Request) -> F,
    F: Future<Output = Result<Reply, R>>,
    R: Into<Reply>,
{
    let started = Instant::now();
    let side = Side::of_path(event.raw_path.as_deref().unwrap_or_default());
    // A panic is a defect, and still the caller gets an answer that tells to come again.
    let work = async {
        let answer = async {
            if address_length(&event) > MAX_ADDRESS {
                return side.too_long();
            }
            Box::pin(handler(to_request(event))).await.unwrap_or_else(Into::into)
        };
        let work = AssertUnwindSafe(answer).catch_unwind();
        tokio::time::timeout(time, work).await
    };
    let (result, calls) = counting(work).await;
    let reply = match result {
        Ok(Ok(reply)) => reply,
        Ok(Err(_)) => side.fault("the function panicked".to_owned()),
        Err(_) => side.fault("the invocation's time was up".to_owned()),
    };
    let ms = started.elapsed().as_secs_f64() * 1_000.0;
    log(action, request_id, &reply, ms, calls);
    reply.metrics().emit(action);
    to_response(reply, request_id)
}

fn log(action: &str, request_id: &str, reply: &Reply, ms: f64, calls: u32) {
    let Reply { status, outcome, code, reference, cause, .. } = reply;
    let (reference, outcome) = (reference.as_deref(), outcome.as_str());
    let ms = (ms * 100.0).round() / 100.0;
    if let Some(cause) = cause {
        tracing::warn!(request_id, action, status, outcome, code, reference, ms, calls, cause, "request");
    } else {
        tracing::info!(request_id, action, status, outcome, code, reference, ms, calls, "request");
    }
}

/// What may not stand in a path or a query as it is. API Gateway hands the path over decoded, and an address with a space or a
/// letter beyond ASCII in it would be none.
const IN_QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'\\')
    .add(b'^')
    .add(b'|');
const IN_PATH: &AsciiSet = &IN_QUERY.add(b'?');

fn address_length(event: &ApiGatewayV2httpRequest) -> usize {
    let parts = [&event.request_context.stage, &event.raw_path, &event.raw_query_string];
    parts.into_iter().flatten().map(String::len).sum()
}

/// The request in an event, whose address is at most [`MAX_ADDRESS`] long.
fn to_request(mut event: ApiGatewayV2httpRequest) -> Request {
    let path = event.raw_path.take().unwrap_or_default();
    event.raw_path = Some(format!("/{}", utf8_percent_encode(path.trim_start_matches('/'), IN_PATH)));
    let query = event.raw_query_string.take().unwrap_or_default();
    event.raw_query_string = Some(utf8_percent_encode(&query, IN_QUERY).to_string());
    // The domain is the caller's to write as well, and nothing here depends on it.
    event.headers.remove("host");
    event.request_context.domain_name = None;
    // A body that says it is base64 and is not would make the conversion panic. As a text it is refused.
    let bytes = event.body.as_deref().filter(|_| event.is_base64_encoded).map(|text| STANDARD.decode(text));
    event.is_base64_encoded = matches!(bytes, Some(Ok(_)));
    Request::from(LambdaRequest::ApiGatewayV2(event))
}

/// The reply as API Gateway wants it.
fn to_response(reply: Reply, request_id: &str) -> ApiGatewayV2httpResponse {
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = i64::from(reply.status);
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = value.parse() {
            response.headers.insert(name, value);
        }
    };
    set("content-type", "application/json");
    // Orders are private and change: nothing on the way may keep a reply.
    set("cache-control", "no-store");
    // For a caller to quote; the log has it too.
    set("x-request-id", request_id);
    if let Some(seconds) = reply.retry_after {
        set("retry-after", &seconds.to_string());
    }
    if let Some(methods) = reply.allow {
        set("allow", methods);
    }
    response.body = Some(Body::Text(reply.body));
    response
}
