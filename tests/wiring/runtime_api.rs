//! Lambda's runtime API, as far as a function asks for it: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::stream;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

/// The id of every request; the function's log and reply must have it.
pub(crate) const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// An event, and how long the function may take.
type Given = (String, Duration);
/// A reply, or the error that the function reported.
pub(crate) type Answer = Result<Bytes, Bytes>;

struct Shared {
    events: Mutex<mpsc::Receiver<Given>>,
    answers: mpsc::Sender<Answer>,
    ready: mpsc::Sender<()>,
}

/// The runtime API of one environment.
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    /// None once the environment is to end.
    events: Option<mpsc::Sender<Given>>,
    answers: mpsc::Receiver<Answer>,
    ready: mpsc::Receiver<()>,
    serving: JoinHandle<()>,
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl RuntimeApi {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, given) = mpsc::channel(1);
        let (answered, answers) = mpsc::channel(1);
        let (asked, ready) = mpsc::channel(8);
        let shared = Arc::new(Shared { events: Mutex::new(given), answers: answered, ready: asked });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(shared);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, events: Some(events), answers, ready, serving }
    }

    /// Waits until the function asks for an event.
    pub(crate) async fn asked(&mut self) {
        self.ready.recv().await.unwrap();
    }

    /// What the function answers to an event.
    pub(crate) async fn invoke(&mut self, event: String, time: Duration) -> Answer {
        self.events.as_ref().unwrap().send((event, time)).await.unwrap();
        self.answers.recv().await.unwrap()
    }

    /// There are no more events: the function's next question fails, and it ends.
    pub(crate) fn close(&mut self) {
        self.events = None;
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let mut events = shared.events.lock().await;
    shared.ready.send(()).await.unwrap();
    let Some((event, time)) = events.recv().await else {
        // An answer that breaks off: the function's `main` ends with an error, and writes what it has counted of its lines.
        return Body::from_stream(stream::once(async { Err::<Bytes, _>(io::Error::other("no more events")) }))
            .into_response();
    };
    let deadline = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + time;
    let headers = [
        ("lambda-runtime-aws-request-id", REQUEST_ID.to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:wiring".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".to_owned()),
    ];
    (headers, event).into_response()
}

async fn response(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    shared.answers.send(Ok(body)).await.unwrap();
    StatusCode::ACCEPTED
}

async fn error(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    shared.answers.send(Err(body)).await.unwrap();
    StatusCode::ACCEPTED
}
