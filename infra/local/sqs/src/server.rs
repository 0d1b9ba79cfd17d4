//! The account on a socket.

use std::io;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use uuid::Uuid;

use crate::error::Error;
use crate::queues::Queues;
use crate::wire::{self, Request};

/// A batch is at most 1 MiB of text; JSON may write a byte of it as six (`\u0009`).
const MAX_REQUEST: usize = 8 * 1_048_576;

/// Serves `queues` on `listener` until `shutdown`. Requests that run then are answered first; those
/// that only wait for a message are answered at once, without one.
///
/// # Errors
/// None today; the type is that of [`axum::serve()`].
pub async fn serve(
    listener: TcpListener,
    queues: Queues,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (close, closing) = watch::channel(false);
    // Replies are small and clients wait for them: the kernel must not hold them back to fill a
    // packet. A socket that refuses is only slower.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router(queues, closing))
        .with_graceful_shutdown(async move {
            shutdown.await;
            close.send_replace(true);
        })
        .await
}

impl Queues {
    /// The endpoint as a router, to be served by itself or beside other routes: a POST to any path,
    /// as the operation is in a header and the queue in the body.
    pub fn router(&self) -> Router {
        // The sender is dropped, so this endpoint is never told to close.
        router(self.clone(), watch::channel(false).1)
    }
}

#[derive(Clone)]
struct Endpoint {
    queues: Queues,
    closing: watch::Receiver<bool>,
}

fn router(queues: Queues, closing: watch::Receiver<bool>) -> Router {
    Router::new()
        .route("/", post(answer))
        .route("/{*path}", post(answer))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .with_state(Endpoint { queues, closing })
}

async fn answer(State(endpoint): State<Endpoint>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let request = Request {
        queues: &endpoint.queues,
        closing: endpoint.closing.clone(),
        target: text("x-amz-target").unwrap_or_default(),
        // HTTP/1.1 requires a host; a client of HTTP/1.0 without one runs on this machine.
        host: text(header::HOST.as_str()).unwrap_or("localhost"),
        body: &body,
    };
    let mut response = match wire::perform(request).await {
        Ok(reply) => (StatusCode::OK, reply).into_response(),
        Err(error) => refuse(&error),
    };
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static("application/x-amz-json-1.0");
    headers.insert(header::CONTENT_TYPE, content_type);
    if let Ok(id) = HeaderValue::try_from(Uuid::new_v4().to_string()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

fn refuse(error: &Error) -> Response {
    let kind = error.kind();
    let (status, fault) = if kind.is_sender_fault() {
        (StatusCode::BAD_REQUEST, "Sender")
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, "Receiver")
    };
    let body = json!({ "__type": kind.shape(), "message": error.to_string() }).to_string();
    let query_error = format!("{};{fault}", kind.query_code());
    (status, [("x-amzn-query-error", query_error)], body).into_response()
}
