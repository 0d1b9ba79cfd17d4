//! Somebody who is told of events: an HTTP server that keeps what it gets and answers as a test says.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use shared::{
    domain::{
        event::EventKind,
        time::Timestamp,
        webhook::{WebhookEndpoint, WebhookEndpointId, WebhookSecret},
    },
    outbound::sign::SigningSecrets,
};
use tokio::task::JoinHandle;

/// A request that came in.
#[derive(Debug, Clone)]
pub struct Told {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub after: Duration,
}

impl Told {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }

    pub fn id(&self) -> String {
        self.header("webhook-id").to_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }
}

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Status(u16),
    /// To itself.
    Redirect,
    Never,
}

struct Shared {
    told: Mutex<Vec<Told>>,
    answer: Mutex<Answer>,
    began: Instant,
}

/// The server; it ends when it is dropped.
pub struct Receiver {
    pub endpoint: WebhookEndpoint,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// One that wants these kinds; all of them if none is named.
    pub async fn start(name: &str, events: &[EventKind], answer: Answer) -> Self {
        let shared = Arc::new(Shared { told: Mutex::default(), answer: Mutex::new(answer), began: Instant::now() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?key=secret-in-the-url", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let endpoint = WebhookEndpoint {
            id: WebhookEndpointId(format!("ep_{name}")),
            url,
            events: events.iter().copied().collect(),
            secret: WebhookSecret(SigningSecrets::random_text().unwrap()),
            created_at: Timestamp::UNIX_EPOCH,
            disabled: false,
        };
        Self { endpoint, shared, task }
    }

    pub fn answers(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    /// All that came in, in its order.
    pub fn told(&self) -> Vec<Told> {
        self.shared.told.lock().unwrap().clone()
    }

    /// What came in by its event's id: the first request of each, and how many there were.
    pub fn events(&self) -> BTreeMap<String, (Told, usize)> {
        let mut events = BTreeMap::new();
        for told in self.told() {
            events.entry(told.id()).or_insert((told, 0)).1 += 1;
        }
        events
    }

    /// Waits until so many different events have come in.
    #[track_caller]
    pub fn has(&self, count: usize) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            for _ in 0..1_000 {
                if self.events().len() >= count {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("{place}: {} events after 20 seconds, not {count}", self.events().len());
        }
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let told = Told { headers, body: body.to_vec(), after: shared.began.elapsed() };
    shared.told.lock().unwrap().push(told);
    let answer = *shared.answer.lock().unwrap();
    match answer {
        Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answer::Redirect => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "/elsewhere")]).into_response(),
        Answer::Never => std::future::pending().await,
    }
}
