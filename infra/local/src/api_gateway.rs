//! The HTTP front door: turns requests into API Gateway events as an HTTP API does, and routes them by the template.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use aws_lambda_events::{
    apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse},
    encodings::Body,
};
use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, Request, State, connect_info::IntoMakeServiceWithConnectInfo},
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use percent_encoding::percent_decode_str;
use shared::{
    lambda::{http::Side, panelr, shoppex},
    ports::Clock,
};

use crate::{docs, functions::Functions, legacy_url, local_endpoints::LocalEndpoints, template::Route};

/// The largest body an HTTP API takes, in bytes:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const MAX_BODY: usize = 10 * 1024 * 1024;

/// The gateway.
pub struct ApiGateway {
    /// What stands behind it.
    pub functions: Functions,
    /// The template's routes.
    pub routes: Vec<Route>,
    /// The function for everything else.
    pub default_function: String,
    /// Where table and queues are, for this machine's operator.
    pub local_endpoints: LocalEndpoints,
    /// For the events' times.
    pub clock: Arc<dyn Clock>,
    /// How long a client may take to send a body.
    pub slowest_body: Duration,
}

impl ApiGateway {
    /// The door as a service.
    pub fn service(self) -> IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
        Router::new().fallback(answer).with_state(Arc::new(self)).into_make_service_with_connect_info()
    }

    /// The function that a request goes to, with the parameter in its path.
    fn route(&self, method: &str, path: &str) -> (&str, Option<String>) {
        for route in self.routes.iter().filter(|route| route.method == method) {
            if let Some(ids) = matched(&route.path, path) {
                return (&route.function, ids.into_iter().next());
            }
        }
        (&self.default_function, None)
    }
}

/// Does `path` fit a route? Then what stands for each of its `{id}`.
fn matched(route: &str, path: &str) -> Option<Vec<String>> {
    let (mut ids, mut segments) = (Vec::new(), path.split('/'));
    for wanted in route.split('/') {
        let segment = segments.next()?;
        match wanted {
            "{id}" if !segment.is_empty() => ids.push(percent_decode_str(segment).decode_utf8_lossy().into_owned()),
            _ if wanted == segment => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some(ids)
}

async fn answer(
    State(gateway): State<Arc<ApiGateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    if let Some(reply) = gateway.local_endpoints.answer(peer.ip(), &parts.method, parts.uri.path()) {
        return reply;
    }
    if let Some(page) = docs::answer(&parts.method, parts.uri.path()) {
        return page;
    }
    let query = parts.uri.query().unwrap_or_default();
    let path = legacy_url::rewrite(parts.uri.path(), query);
    let body = match tokio::time::timeout(gateway.slowest_body, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(cause)) if cause.is::<LengthLimitError>() => return refused(&path, StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => return refused(&path, StatusCode::BAD_REQUEST),
        Err(_) => return refused(&path, StatusCode::REQUEST_TIMEOUT),
    };
    let (function, id) = gateway.route(parts.method.as_str(), &path);
    let mut event = event(&path, query, &body);
    event.path_parameters.extend(id.map(|id| ("id".to_owned(), id)));
    event.request_context.http.method = parts.method;
    event.request_context.time_epoch = gateway.clock.now().timestamp_millis();
    event.headers = joined(&parts.headers);
    response(gateway.functions.call(function, event).await)
}

/// The event's text parts. A body that is no text is sent as base64, as an HTTP API sends it.
fn event(path: &str, query: &str, body: &Bytes) -> ApiGatewayV2httpRequest {
    let mut event = ApiGatewayV2httpRequest::default();
    event.version = Some("2.0".to_owned());
    event.raw_path = Some(path.to_owned());
    event.raw_query_string = Some(query.to_owned());
    event.request_context.stage = Some("$default".to_owned());
    event.request_context.http.path = Some(path.to_owned());
    if !body.is_empty() {
        event.is_base64_encoded = std::str::from_utf8(body).is_err();
        event.body = Some(match String::from_utf8(body.to_vec()) {
            Ok(text) => text,
            Err(bytes) => STANDARD.encode(bytes.as_bytes()),
        });
    }
    event
}

/// An HTTP API joins headers of one name with commas.
fn joined(headers: &axum::http::HeaderMap) -> axum::http::HeaderMap {
    let mut joined = axum::http::HeaderMap::new();
    for name in headers.keys() {
        let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(value) = HeaderValue::from_bytes(&values.join(&b','))
            && let Ok(name) = HeaderName::from_bytes(name.as_str().as_bytes())
        {
            joined.insert(name, value);
        }
    }
    joined
}

/// What the gateway itself refuses, in the envelope of the side.
fn refused(path: &str, status: StatusCode) -> Response {
    let sentence = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "The body is larger than 256 KiB.",
        StatusCode::REQUEST_TIMEOUT => "The body took too long to arrive.",
        _ => "The body could not be read.",
    };
    let reply = match Side::of_path(path) {
        Side::Panelr => panelr::failure(status.as_u16(), sentence, "bad_body"),
        Side::Shoppex => shoppex::failure(status.as_u16(), "VALIDATION_ERROR", sentence),
    };
    (status, [("content-type", "application/json")], reply.body).into_response()
}

fn response(event: ApiGatewayV2httpResponse) -> Response {
    let status = u16::try_from(event.status_code).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let body = match event.body {
        Some(Body::Text(text)) => text.into_bytes(),
        Some(Body::Binary(bytes)) => bytes,
        _ => Vec::new(),
    };
    (status.unwrap_or(StatusCode::BAD_GATEWAY), event.headers, body).into_response()
}
