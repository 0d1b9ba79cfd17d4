//! The HTTP side.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::json;
use standardwebhooks::{HEADER_WEBHOOK_ID, Webhook};

use crate::{
    ledger::{Ledger, Outcome},
    message::Message,
};

/// A message is about a line; its lists are bounded at the service.
const SIZE_LIMIT: usize = 256 * 1024;

/// A secret that cannot be used.
#[derive(Debug)]
pub struct SecretError;

impl std::fmt::Display for SecretError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the secret must be whsec_ and Base64")
    }
}

impl std::error::Error for SecretError {}

/// The provisioner. Clones share the ledger.
#[derive(Clone)]
pub struct ExampleProvisioner {
    webhook: Arc<Webhook>,
    ledger: Arc<Mutex<Ledger>>,
}

impl ExampleProvisioner {
    /// With the secret that the service signs with.
    pub fn new(secret: &str, ledger: Ledger) -> Result<Self, SecretError> {
        let webhook = Webhook::new(secret).map_err(|_| SecretError)?;
        Ok(Self { webhook: Arc::new(webhook), ledger: Arc::new(Mutex::new(ledger)) })
    }

    /// Looks into the ledger.
    pub fn with_ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// `POST /`.
    pub fn router(&self) -> Router {
        let limit = DefaultBodyLimit::max(SIZE_LIMIT);
        Router::new().route("/", post(receive)).layer(limit).with_state(self.clone())
    }

    /// What to answer to a request: its status, and a body where there is something to say.
    pub fn answer(&self, headers: &HeaderMap, body: &[u8]) -> (StatusCode, Option<serde_json::Value>) {
        // Over the bytes as they came, and not over 5 minutes old. 401 is final for the service: secrets that differ are
        // mended by people.
        if self.webhook.verify(body, headers).is_err() {
            return refuse(StatusCode::UNAUTHORIZED, "not_verified");
        }
        let Ok(message) = serde_json::from_slice::<Message>(body) else {
            return refuse(StatusCode::UNPROCESSABLE_ENTITY, "not_understood");
        };
        // The header is signed and so is the body; that they agree is the service's promise.
        if headers.get(HEADER_WEBHOOK_ID).is_none_or(|id| id.as_bytes() != message.id.as_bytes()) {
            return refuse(StatusCode::UNPROCESSABLE_ENTITY, "not_understood");
        }
        match self.ledger.lock().unwrap_or_else(PoisonError::into_inner).carry_out(message) {
            Ok(Outcome::Done(line)) => {
                (StatusCode::OK, Some(json!({ "username": line.username, "external_id": line.external_id })))
            }
            // Not 409, which would say that the line has what this message says.
            Ok(Outcome::Overtaken) => refuse(StatusCode::PRECONDITION_FAILED, "overtaken"),
            Ok(Outcome::NoLine) => refuse(StatusCode::NOT_FOUND, "no_such_line"),
            // Nothing was done; it is to come again.
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, None),
        }
    }
}

fn refuse(status: StatusCode, code: &str) -> (StatusCode, Option<serde_json::Value>) {
    (status, Some(json!({ "code": code })))
}

async fn receive(State(receiver): State<ExampleProvisioner>, headers: HeaderMap, body: Bytes) -> Response {
    match receiver.answer(&headers, &body) {
        (status, Some(said)) => (status, Json(said)).into_response(),
        (status, None) => status.into_response(),
    }
}
