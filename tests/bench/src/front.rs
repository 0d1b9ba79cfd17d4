//! A TLS front of an endpoint of the local service: it counts connections and calls, and can take the time that AWS takes.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    serve::Listener,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, server::TlsStream};

use crate::fault::{Explain, Fault};

/// Connections and calls since the front was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) connections: u64,
    pub(crate) calls: u64,
}

impl Count {
    /// What came since an `earlier` count.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { connections: self.connections - earlier.connections, calls: self.calls - earlier.calls }
    }
}

#[derive(Default)]
struct Counters {
    connections: AtomicU64,
    calls: AtomicU64,
    /// Microseconds that a call waits before it is passed on.
    latency: AtomicU64,
}

/// A front, until it is dropped.
pub(crate) struct Front {
    /// `https://127.0.0.1:<port>`
    pub(crate) url: String,
    counters: Arc<Counters>,
    tasks: [JoinHandle<()>; 2],
}

impl Front {
    /// A front of the HTTP endpoint at `upstream`.
    pub(crate) async fn start(upstream: &str, tls: Arc<ServerConfig>) -> Result<Self, Fault> {
        let what = "an endpoint could not be opened";
        let socket = TcpListener::bind("127.0.0.1:0").await.explain(what)?;
        let address = socket.local_addr().explain(what)?;
        let counters = Arc::new(Counters::default());
        let (greeted, connections) = mpsc::channel(64);
        let accepting = tokio::spawn(accept(socket, TlsAcceptor::from(tls), counters.clone(), greeted));
        let door = Door { upstream: upstream.to_owned(), client: reqwest::Client::new(), counters: counters.clone() };
        let router = Router::new().fallback(pass).with_state(Arc::new(door));
        let listener = Greeted { connections, address };
        let serving = tokio::spawn(async move {
            let _never_ends = axum::serve(listener, router).await;
        });
        Ok(Self { url: format!("https://{address}"), counters, tasks: [accepting, serving] })
    }

    /// What came so far.
    pub(crate) fn count(&self) -> Count {
        Count {
            connections: self.counters.connections.load(Ordering::Relaxed),
            calls: self.counters.calls.load(Ordering::Relaxed),
        }
    }

    /// From now on each call takes at least this long.
    pub(crate) fn set_latency(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.counters.latency.store(micros, Ordering::Relaxed);
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Greets each caller in a task of its own: two that come at once do not wait for each other.
async fn accept(
    socket: TcpListener,
    acceptor: TlsAcceptor,
    counters: Arc<Counters>,
    greeted: mpsc::Sender<TlsStream<TcpStream>>,
) {
    while let Ok((stream, _)) = socket.accept().await {
        counters.connections.fetch_add(1, Ordering::Relaxed);
        let (acceptor, greeted) = (acceptor.clone(), greeted.clone());
        tokio::spawn(async move {
            let _slower = stream.set_nodelay(true);
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ended = greeted.send(stream).await;
            }
        });
    }
}

/// Connections whose handshake is done.
struct Greeted {
    connections: mpsc::Receiver<TlsStream<TcpStream>>,
    address: SocketAddr,
}

impl Listener for Greeted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.connections.recv().await {
            Some(stream) => (stream, self.address),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.address)
    }
}

struct Door {
    upstream: String,
    client: reqwest::Client,
    counters: Arc<Counters>,
}

async fn pass(State(door): State<Arc<Door>>, uri: Uri, mut headers: HeaderMap, body: Bytes) -> Response {
    door.counters.calls.fetch_add(1, Ordering::Relaxed);
    let latency = door.counters.latency.load(Ordering::Relaxed);
    if latency > 0 {
        tokio::time::sleep(Duration::from_micros(latency)).await;
    }
    headers.remove(header::HOST);
    let call = door.client.post(format!("{}{}", door.upstream, uri.path())).headers(headers).body(body);
    let answer = async {
        let mut answer = call.send().await?;
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        Ok::<_, reqwest::Error>((status, headers, Body::from(answer.bytes().await?)))
    };
    match answer.await {
        Ok(answer) => answer.into_response(),
        Err(cause) => (StatusCode::BAD_GATEWAY, cause.to_string()).into_response(),
    }
}
