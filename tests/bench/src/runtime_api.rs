//! Lambda's runtime API, as far as a function's bootstrap asks for it.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
};

use crate::fault::{Explain, Fault};

/// The time an invocation is given.
const GIVEN: Duration = Duration::from_secs(300);

/// What a function answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its reply, or the error it reported.
    pub(crate) reply: Result<Bytes, Bytes>,
    /// From the event's handing over to the answer.
    pub(crate) took: Duration,
}

struct Shared {
    events: Mutex<mpsc::Receiver<String>>,
    answers: mpsc::Sender<Answer>,
    handed: Mutex<Option<Instant>>,
    polls: watch::Sender<u64>,
}

/// The runtime API for one environment, until it is dropped.
pub(crate) struct RuntimeApi {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    events: mpsc::Sender<String>,
    answers: mpsc::Receiver<Answer>,
    polls: watch::Receiver<u64>,
    serving: JoinHandle<()>,
}

impl RuntimeApi {
    /// A new one, at a free port.
    pub(crate) async fn start() -> Result<Self, Fault> {
        let what = "the runtime API could not be opened";
        let listener = TcpListener::bind("127.0.0.1:0").await.explain(what)?;
        let address = listener.local_addr().explain(what)?;
        let (events, incoming) = mpsc::channel(1);
        let (outgoing, answers) = mpsc::channel(1);
        let (sender, polls) = watch::channel(0);
        let shared =
            Shared { events: Mutex::new(incoming), answers: outgoing, handed: Mutex::new(None), polls: sender };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .with_state(Arc::new(shared));
        let serving = tokio::spawn(async move {
            let _never_ends = axum::serve(listener, router).await;
        });
        Ok(Self { address, events, answers, polls, serving })
    }

    /// Waits until the function has asked for an event for the `times`th time.
    pub(crate) async fn asked(&mut self, times: u64) {
        // The sender lives as long as the router.
        let _served = self.polls.wait_for(|polls| *polls >= times).await;
    }

    /// Hands over an event and waits for the answer.
    pub(crate) async fn invoke(&mut self, event: String) -> Result<Answer, Fault> {
        self.events.send(event).await.explain("the runtime API is closed")?;
        self.answers.recv().await.ok_or_else(|| Fault::new("the runtime API is closed"))
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let mut events = shared.events.lock().await;
    shared.polls.send_modify(|polls| *polls += 1);
    let Some(event) = events.recv().await else { return StatusCode::GONE.into_response() };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + GIVEN;
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:bench".to_owned()),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0".to_owned(),
        ),
    ];
    *shared.handed.lock().await = Some(Instant::now());
    (headers, event).into_response()
}

async fn response(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    shared.answer(Ok(body)).await
}

async fn error(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    shared.answer(Err(body)).await
}

impl Shared {
    async fn answer(&self, reply: Result<Bytes, Bytes>) -> StatusCode {
        let now = Instant::now();
        let handed = self.handed.lock().await.take();
        let took = handed.map_or(Duration::ZERO, |handed| now - handed);
        // A bench that is gone needs no answer.
        let _gone = self.answers.send(Answer { reply, took }).await;
        StatusCode::ACCEPTED
    }
}
