//! A request on its way to a function, and its reply, which must be in the envelope.

use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::{
    Body,
    http::{HeaderName, HeaderValue, Method},
};
use local::functions::call;
use serde_json::Value;
use shared::lambda::http::Side;
use support::{openapi, service::Answer};

use crate::{
    meter::metered,
    world::{TOKENS, World, block_on},
};

/// Time enough for an instrumented build.
const LONGEST: Duration = Duration::from_secs(600);

/// A request as the gateway has understood it.
#[derive(Debug, Clone)]
pub(crate) struct Sent<'a> {
    pub(crate) method: Method,
    /// As it stands in the request line.
    pub(crate) path: &'a str,
    /// What stands for `{id}` in it, decoded.
    pub(crate) id: Option<String>,
    pub(crate) query: &'a str,
    /// Beside the key, which is added.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: &'a [u8],
}

impl<'a> Sent<'a> {
    pub(crate) fn get(path: &'a str, query: &'a str) -> Self {
        Self { method: Method::GET, path, id: None, query, headers: Vec::new(), body: b"" }
    }

    pub(crate) fn post(path: &'a str, body: &'a [u8]) -> Self {
        Self { method: Method::POST, path, id: None, query: "", headers: Vec::new(), body }
    }

    /// The event that the gateway makes of it. A body that is no text goes as base64.
    pub(crate) fn event(&self) -> ApiGatewayV2httpRequest {
        let mut event = ApiGatewayV2httpRequest::default();
        event.version = Some("2.0".to_owned());
        event.raw_path = Some(self.path.to_owned());
        event.raw_query_string = Some(self.query.to_owned());
        event.path_parameters.extend(self.id.clone().map(|id| ("id".to_owned(), id)));
        event.request_context.stage = Some("$default".to_owned());
        event.request_context.http.method = self.method.clone();
        event.request_context.http.path = Some(self.path.to_owned());
        event.headers.insert("x-panelr-api-key", HeaderValue::from_static(local::DEMO_KEY));
        let bearer = format!("Bearer {}", local::DEMO_KEY);
        event.headers.insert("authorization", bearer.parse().expect("a header's value"));
        event.headers.extend(self.headers.iter().cloned());
        if !self.body.is_empty() {
            let text = std::str::from_utf8(self.body);
            event.is_base64_encoded = text.is_err();
            event.body = Some(text.map_or_else(|_| STANDARD.encode(self.body), str::to_owned));
        }
        event
    }
}

/// A request to the function that its path names: the reply is as the document says.
pub(crate) fn send(world: &World, function: &'static str, sent: &Sent<'_>) -> Answer {
    let answer = answer(world, function, sent.event());
    documented(sent.method.as_str(), sent.path, &answer);
    answer
}

/// Is this the reply that `infra/openapi.yaml` gives to such a request? It does not tell of 414: no gateway lets such addresses in.
pub(crate) fn documented(method: &str, target: &str, answer: &Answer) {
    if answer.status == 414 {
        return;
    }
    if let Err(fault) = openapi::check_reply(method, target, answer) {
        panic!("{method} {target}: {fault}; the reply was {}: {}", answer.status, answer.text);
    }
}

/// What a function answers to an event: in the envelope of its side, and no fault of ours, for the ports in memory have none.
pub(crate) fn answer(world: &World, function: &'static str, event: ApiGatewayV2httpRequest) -> Answer {
    let held = event.body.as_ref().map_or(0, String::len);
    let call = call(&world.context, &TOKENS, function, "request-1", event, LONGEST);
    let response = metered(held, || block_on(call));
    let headers = response.headers.iter().map(|(name, value)| {
        let value = value.to_str().expect("a header that is text");
        (name.to_string(), value.to_owned())
    });
    let Some(Body::Text(text)) = response.body else { panic!("{function}: a reply without a text") };
    let status = u16::try_from(response.status_code).expect("a status");
    let answer = Answer { status, text, headers: headers.collect() };
    envelope(function, &answer);
    answer
}

fn envelope(function: &str, answer: &Answer) {
    let Answer { status, text, headers } = answer;
    let body: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{function}: not JSON: {text}"));
    let success = *status == 200;
    assert!(success || (400..500).contains(status), "{function}: {status}: {text}");
    let shoppex = ["complete_pending_order", "get_order", "list_orders"].contains(&function);
    let good = match &body {
        Value::Object(map) if map.contains_key("success") && (!shoppex || *status == 414) => {
            body["success"] == success && body["data"].is_null() != success && body["error"].is_string() != success
        }
        _ if success => shoppex && !body["data"].is_null(),
        // The default route answers for both sides, and an address that is too long belongs to the side it begins with.
        _ => (shoppex || function == "not_found" || *status == 414) && body["error"]["code"].is_string(),
    };
    assert!(good, "{function}: not the envelope: {status}: {text}");
    assert_eq!(headers.get("content-type").map(String::as_str), Some("application/json"), "{function}");
    assert_eq!(headers.get("cache-control").map(String::as_str), Some("no-store"), "{function}");
}

/// A path's side.
pub(crate) fn side(path: &str) -> Side {
    Side::of_path(path)
}
