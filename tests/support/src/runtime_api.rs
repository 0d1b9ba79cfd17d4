//! Lambda's runtime API, as far as a function asks for it: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
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
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
};

/// The id of every request; the function's log and reply must have it.
pub const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// What a function answered.
#[derive(Debug)]
pub struct Answer {
    /// Its reply, or the error that it reported.
    pub reply: Result<Bytes, Bytes>,
    /// From the event's handing over to the answer.
    pub took: Duration,
}

/// An event, and how long the function may take.
type Given = (String, Duration);

struct Shared {
    events: Mutex<mpsc::Receiver<Given>>,
    answers: mpsc::Sender<Answer>,
    handed: Mutex<Option<Instant>>,
    polls: watch::Sender<u64>,
}

/// The runtime API of one environment, until it is dropped.
pub struct RuntimeApi {
    /// Where it listens.
    pub address: SocketAddr,
    /// None once the environment is to end.
    events: Option<mpsc::Sender<Given>>,
    answers: mpsc::Receiver<Answer>,
    polls: watch::Receiver<u64>,
    serving: JoinHandle<()>,
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl RuntimeApi {
    /// A new one, at a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, given) = mpsc::channel(1);
        let (answered, answers) = mpsc::channel(1);
        let (sender, polls) = watch::channel(0);
        let shared = Shared { events: Mutex::new(given), answers: answered, handed: Mutex::new(None), polls: sender };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .with_state(Arc::new(shared));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, events: Some(events), answers, polls, serving }
    }

    /// Waits until the function has asked for an event for the `times`th time.
    pub async fn asked(&mut self, times: u64) {
        self.polls.wait_for(|polls| *polls >= times).await.unwrap();
    }

    /// Hands over an event, which the function has `time` for, and waits for the answer.
    pub async fn invoke(&mut self, event: String, time: Duration) -> Answer {
        self.events.as_ref().unwrap().send((event, time)).await.unwrap();
        self.answers.recv().await.unwrap()
    }

    /// There are no more events: the function's next question fails, and it ends.
    pub fn close(&mut self) {
        self.events = None;
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let mut events = shared.events.lock().await;
    shared.polls.send_modify(|polls| *polls += 1);
    let Some((event, time)) = events.recv().await else {
        // An answer that breaks off: the function's `main` ends with an error, and writes what it has counted of its lines.
        return Body::from_stream(stream::once(async { Err::<Bytes, _>(io::Error::other("no more events")) }))
            .into_response();
    };
    let deadline = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + time;
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", REQUEST_ID.to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:tests".to_owned()),
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
        let took = self.handed.lock().await.take().map_or(Duration::ZERO, |handed| now - handed);
        // A test that has ended needs no answer.
        let _ended = self.answers.send(Answer { reply, took }).await;
        StatusCode::ACCEPTED
    }
}
