//! Provisioners for tests: one that is called by itself, with faults, in this process, and one behind a socket that breaks the
//! rules of HTTP. Both are the example receiver behind, so what they say is what a provisioner may say.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use example_provisioner::{ExampleProvisioner, Ledger, Line};
use shared::{
    domain::{provisioner::ProvisionerValues, time::Timestamp},
    outbound::{
        address_policy::AddressPolicy,
        post::{OutboundClient, SIZE_LIMIT},
        provisioner::HttpProvisioner,
        sign::SigningSecrets,
        url::OutboundUrl,
    },
    ports::{Provisioner, ProvisionerAnswer, ProvisionerError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What tests sign with.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// How the provisioner behind the socket behaves at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// As it should.
    Well,
    /// Fails with this status before it has done anything.
    Fails(u16),
    /// Does it, and fails with this status.
    DoesAndFails(u16),
    /// Closes without an answer, before it has done anything.
    Closes,
    /// Does it, and never answers.
    Hangs,
    /// Answers twice to one request; the second answer is another.
    AnswersTwice,
    /// Does it, and says that its answer is shorter than it is.
    SaysTooLittle,
    /// Does it, and says that its answer is longer than it is.
    SaysTooMuch,
    /// Does it, and answers more than anybody wants to read.
    AnswersTooMuch,
    /// Does it, and dies in the middle of its answer.
    Dies,
    /// Does it, and answers with something else than JSON.
    Babbles,
    /// Points elsewhere.
    Redirects,
    /// Refuses for good.
    Refuses,
}

type Plan = Box<dyn FnMut(&str) -> Manner + Send>;

struct Seen {
    plan: Plan,
    bodies: BTreeMap<String, BTreeSet<Vec<u8>>>,
    manners: BTreeMap<Manner, usize>,
    calls: usize,
}

/// The provisioner behind a socket.
#[derive(Clone)]
pub struct ProvisionerServer {
    pub receiver: ExampleProvisioner,
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl ProvisionerServer {
    /// A provisioner that behaves as `plan` says of each message's id.
    pub async fn start(plan: impl FnMut(&str) -> Manner + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let seen = Seen { plan: Box::new(plan), bodies: BTreeMap::new(), manners: BTreeMap::new(), calls: 0 };
        let server = Self {
            receiver: ExampleProvisioner::new(SECRET, Ledger::in_memory()).unwrap(),
            address: listener.local_addr().unwrap(),
            seen: Arc::new(Mutex::new(seen)),
        };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = serving.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        server
    }

    /// One that behaves.
    pub async fn good() -> Self {
        Self::start(|_| Manner::Well).await
    }

    /// From now on.
    pub fn plan(&self, plan: impl FnMut(&str) -> Manner + Send + 'static) {
        self.seen.lock().unwrap().plan = Box::new(plan);
    }

    /// The port's implementation that leads here.
    pub fn provisioner(&self) -> HttpProvisioner {
        HttpProvisioner {
            client: OutboundClient::new(AddressPolicy::Any),
            endpoint: OutboundUrl::parse(&format!("http://{}/", self.address), AddressPolicy::Any).unwrap(),
            secrets: SigningSecrets::parse(SECRET).unwrap(),
        }
    }

    pub fn calls(&self) -> usize {
        self.seen.lock().unwrap().calls
    }

    pub fn manners(&self) -> BTreeMap<Manner, usize> {
        self.seen.lock().unwrap().manners.clone()
    }

    /// The bodies that came under each id.
    pub fn bodies(&self) -> BTreeMap<String, BTreeSet<Vec<u8>>> {
        self.seen.lock().unwrap().bodies.clone()
    }

    pub fn line(&self, id: u64) -> Option<Line> {
        self.receiver.with_ledger(|ledger| ledger.lines().get(&id).cloned())
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut buffer = Vec::new();
        while let Some((headers, body)) = read_request(&mut stream, &mut buffer).await {
            let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
            let manner = {
                let mut seen = self.seen.lock().unwrap();
                seen.calls += 1;
                seen.bodies.entry(id.clone()).or_default().insert(body.clone());
                let manner = (seen.plan)(&id);
                *seen.manners.entry(manner).or_default() += 1;
                manner
            };
            let answer = self.behave(manner, &headers, &body);
            if manner == Manner::Hangs {
                std::future::pending::<()>().await;
            }
            // A client that has seen enough hangs up.
            if stream.write_all(&answer).await.is_err() || manner != Manner::Well {
                return;
            }
        }
    }

    fn behave(&self, manner: Manner, headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
        let does = !matches!(manner, Manner::Fails(_) | Manner::Closes | Manner::Redirects | Manner::Refuses);
        let (status, said) = if does { self.receiver.answer(headers, body) } else { Default::default() };
        let said = said.map(|said| said.to_string()).unwrap_or_default();
        let whole = response(status.as_u16(), said.len(), &said);
        match manner {
            Manner::Well => whole,
            Manner::Fails(status) | Manner::DoesAndFails(status) => response(status, 0, ""),
            Manner::Closes | Manner::Hangs => Vec::new(),
            Manner::AnswersTwice => {
                let second = r#"{"username":"somebody else's"}"#;
                [whole, response(200, second.len(), second)].concat()
            }
            Manner::SaysTooLittle => response(200, said.len() / 2, &said),
            Manner::SaysTooMuch => response(200, said.len() + 100, &said),
            Manner::AnswersTooMuch => {
                response(200, SIZE_LIMIT * 2, &format!("{said}{}", " ".repeat(SIZE_LIMIT * 2 - said.len())))
            }
            Manner::Dies => whole[..whole.len() - said.len() / 2].to_vec(),
            Manner::Babbles => response(200, 13, "<h1>Hello</h1"),
            Manner::Redirects => {
                b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n".to_vec()
            }
            Manner::Refuses => response(422, 24, r#"{"code":"limit_reached"}"#),
        }
    }
}

fn response(status: u16, length: usize, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// The next request of a connection; none at its end.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(HeaderMap, Vec<u8>)> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(buffer[..end].to_vec()).ok()?;
            let headers: HeaderMap = head
                .lines()
                .skip(1)
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()))
                .collect();
            let length: usize = headers["content-length"].to_str().ok()?.parse().ok()?;
            if buffer.len() >= end + 4 + length {
                let body = buffer[end + 4..end + 4 + length].to_vec();
                buffer.drain(..end + 4 + length);
                return Some((headers, body));
            }
        }
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        buffer.extend_from_slice(&part[..count]);
    }
}

/// The provisioner in this process: no socket, no signature.
#[derive(Clone, Default)]
pub struct TestProvisioner(Arc<Mutex<(Ledger, Bodies)>>);

/// The bodies that came under each id.
type Bodies = BTreeMap<String, BTreeSet<String>>;

impl TestProvisioner {
    pub fn line(&self, id: u64) -> Option<Line> {
        self.0.lock().unwrap().0.lines().get(&id).cloned()
    }

    /// The bodies that came under each id.
    pub fn bodies(&self) -> Bodies {
        self.0.lock().unwrap().1.clone()
    }

    /// What was done, by the messages' ids.
    pub fn done(&self) -> Vec<String> {
        self.0.lock().unwrap().0.done().keys().cloned().collect()
    }
}

impl Provisioner for TestProvisioner {
    fn is_configured(&self) -> bool {
        true
    }

    async fn send(&self, id: &str, body: &str, _: Timestamp) -> Result<ProvisionerAnswer, ProvisionerError> {
        let (ledger, bodies) = &mut *self.0.lock().unwrap();
        bodies.entry(id.to_owned()).or_default().insert(body.to_owned());
        Ok(match ledger.carry_out(serde_json::from_str(body).unwrap()).unwrap() {
            example_provisioner::Outcome::Done(line) => ProvisionerAnswer::Done(ProvisionerValues {
                username: Some(line.username),
                external_id: Some(line.external_id),
                ..ProvisionerValues::default()
            }),
            example_provisioner::Outcome::Overtaken => {
                ProvisionerAnswer::Refused { status: 412, code: Some("overtaken".to_owned()) }
            }
            example_provisioner::Outcome::NoLine => ProvisionerAnswer::Refused { status: 404, code: None },
        })
    }
}
