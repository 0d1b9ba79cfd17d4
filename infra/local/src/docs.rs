//! The API's document, `/openapi.yaml`, and a page that shows it, `/docs`: for people with the service on their machine.
//! Neither is deployed.

use axum::{
    http::{Method, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// infra/openapi.yaml, as it was when this was built.
pub const DOCUMENT: &str = include_str!("../../openapi.yaml");

const SCRIPT: &str = "/docs/scalar.js";
/// The page shows what this service serves and asks nobody else, whatever its script would like to.
const NOBODY_ELSE: &str = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; \
                           img-src 'self' data:; font-src 'self' data:";

/// The answer, if this is a request for the document or its page.
pub fn answer(method: &Method, path: &str) -> Option<Response> {
    if *method != Method::GET {
        return None;
    }
    match path {
        "/docs" => Some(typed("text/html; charset=utf-8", page())),
        "/openapi.yaml" => Some(typed("application/yaml", DOCUMENT)),
        SCRIPT => {
            scalar_api_reference::get_asset("scalar.js").map(|script| typed("text/javascript; charset=utf-8", script))
        }
        _ => None,
    }
}

fn typed(media_type: &'static str, body: impl IntoResponse) -> Response {
    let headers = [(header::CONTENT_TYPE, media_type), (header::CONTENT_SECURITY_POLICY, NOBODY_ELSE)];
    (headers, body).into_response()
}

/// Scalar's page. What is switched off would call its makers.
fn page() -> String {
    let configuration = json!({
        "url": "/openapi.yaml",
        "metaData": { "title": "Work orders" },
        "withDefaultFonts": false,
        "telemetry": false,
        "agent": { "disabled": true },
        "mcp": { "disabled": true },
        "showDeveloperTools": "never",
        "hideClientButton": true,
    });
    scalar_api_reference::scalar_html(&configuration, Some(SCRIPT))
}
