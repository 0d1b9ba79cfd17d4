use std::net::{Ipv4Addr, SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &[u8] = br#"{"test": 2432232314}"#;

fn message() -> Message<'static> {
    Message { id: "msg_1", at: Timestamp::from_timestamp(1_614_265_330, 0).unwrap(), body: BODY }
}

fn secrets() -> SigningSecrets {
    SigningSecrets::parse(SECRET).unwrap()
}

/// A server that reads one request and answers with these bytes, then closes. Its task gives the request.
async fn server(answer: impl Into<Vec<u8>>) -> (SocketAddr, JoinHandle<String>) {
    let answer = answer.into();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        // A client that has seen enough hangs up.
        let _gone = stream.write_all(&answer).await;
        request
    });
    (address, task)
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    while !request.ends_with(BODY) {
        let mut part = [0; 1024];
        let count = stream.read(&mut part).await.unwrap();
        request.extend_from_slice(&part[..count]);
    }
    String::from_utf8(request).unwrap()
}

async fn post(policy: AddressPolicy, url: &str) -> Result<Answer, PostError> {
    // Read as if by a setting that allows all: the client is to refuse by itself.
    let endpoint = OutboundUrl::parse(url, AddressPolicy::Any).unwrap();
    OutboundClient::new(policy).post(&endpoint, &secrets(), &message()).await
}

async fn answered(answer: impl Into<Vec<u8>>) -> Result<Answer, PostError> {
    let (address, _) = server(answer).await;
    post(AddressPolicy::Any, &format!("http://{address}/lines")).await
}

#[tokio::test]
async fn a_signed_request_and_its_answer() {
    let (address, request) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nretry-after: 7\r\n\r\n{}").await;
    let answer = post(AddressPolicy::Any, &format!("http://{address}/lines?panel=1")).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"{}".as_slice()));
    assert_eq!(answer.retry_after, Some(Duration::from_secs(7)));
    let request = request.await.unwrap();
    assert!(request.starts_with("POST /lines?panel=1 HTTP/1.1\r\n"), "{request}");
    let signature = secrets().sign(&message());
    for header in [
        "content-type: application/json".to_owned(),
        "webhook-id: msg_1".to_owned(),
        "webhook-timestamp: 1614265330".to_owned(),
        format!("webhook-signature: {signature}"),
        format!("host: {address}"),
        format!("content-length: {}", BODY.len()),
    ] {
        assert!(request.contains(&format!("\r\n{header}\r\n")), "{header}: {request}");
    }
}

#[tokio::test]
async fn every_status_is_an_answer_and_no_redirect_is_followed() {
    let (target, reached) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in [204, 301, 302, 307, 308, 400, 409, 429, 500, 503] {
        let answer =
            answered(format!("HTTP/1.1 {status} X\r\nlocation: http://{target}/\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!(answer.unwrap().status, status);
    }
    assert!(!reached.is_finished());
}

#[tokio::test]
async fn a_reply_has_64_kib_at_most() {
    let body = |length: usize| "x".repeat(length);
    let with_length = |length: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{}", body(length));
    assert_eq!(answered(with_length(SIZE_LIMIT)).await.unwrap().body.len(), SIZE_LIMIT);
    assert_eq!(answered(with_length(SIZE_LIMIT + 1)).await, Err(PostError::TooLong));
    let until_closed = |length: usize| format!("HTTP/1.1 200 OK\r\n\r\n{}", body(length));
    assert_eq!(answered(until_closed(SIZE_LIMIT)).await.unwrap().body.len(), SIZE_LIMIT);
    assert_eq!(answered(until_closed(SIZE_LIMIT + 1)).await, Err(PostError::TooLong));
    let in_chunks = |length: usize| {
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{}\r\n0\r\n\r\n", body(length))
    };
    assert_eq!(answered(in_chunks(SIZE_LIMIT)).await.unwrap().body.len(), SIZE_LIMIT);
    assert_eq!(answered(in_chunks(SIZE_LIMIT + 1)).await, Err(PostError::TooLong));
    // What is said to be long is not waited for.
    let said = "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
    assert_eq!(answered(said).await, Err(PostError::TooLong));
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_none_is_a_fault() {
    for answer in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\ncontent-len",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"username\":",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{\"user",
        "HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x",
        "SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        assert_eq!(answered(answer).await, Err(PostError::BrokenOff), "{answer}");
    }
    // Nobody listens.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let free = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(post(AddressPolicy::Any, &format!("http://{free}/")).await, Err(PostError::Connect));
    // No TLS where TLS is asked for.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    assert_eq!(post(AddressPolicy::Any, &format!("https://localhost:{port}/")).await, Err(PostError::Connect));
    plain.await.unwrap();
}

#[tokio::test]
async fn more_than_the_length_that_was_said_is_not_read() {
    let answer = answered("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 400 Bad\r\n\r\n").await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"{}".as_slice()));
}

#[tokio::test(start_paused = true)]
async fn nothing_takes_longer_than_five_seconds() {
    let endless = async |first: &'static [u8], drip: bool| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(first).await.unwrap();
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if drip && stream.write_all(b"x").await.is_err() {
                    break;
                }
            }
        });
        let start = tokio::time::Instant::now();
        let result = post(AddressPolicy::Any, &format!("http://{address}/")).await;
        assert!(start.elapsed() >= TIME_LIMIT && start.elapsed() < TIME_LIMIT + Duration::from_secs(1));
        result
    };
    assert_eq!(endless(b"", false).await, Err(PostError::Timeout), "no answer");
    assert_eq!(endless(b"HTTP/1.1 200 OK\r\n", false).await, Err(PostError::Timeout), "half a head");
    assert_eq!(endless(b"HTTP/1.1 200 OK\r\n\r\n", true).await, Err(PostError::Timeout), "an endless body");
}

/// Leads every name to these addresses.
#[derive(Debug, Clone)]
struct Names(Vec<IpAddr>);

impl ResolveDns for Names {
    fn resolve_dns<'a>(&'a self, _: &'a str) -> DnsFuture<'a> {
        DnsFuture::ready(Ok(self.0.clone()))
    }
}

async fn resolved(policy: AddressPolicy, addresses: &[&str]) -> Result<Vec<IpAddr>, PostError> {
    let names = Names(addresses.iter().map(|address| address.parse().unwrap()).collect());
    let guarded = Guarded { policy, inner: SharedDnsResolver::new(names) };
    let found = guarded.resolve_dns("panel.example.com").await;
    found.map_err(|error| *error.source().unwrap().downcast_ref::<PostError>().unwrap())
}

#[tokio::test]
async fn a_name_leads_to_its_public_addresses_alone() {
    let public: Vec<IpAddr> = vec!["8.8.8.8".parse().unwrap(), "2606:4700::1111".parse().unwrap()];
    let mixed = ["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111", "169.254.169.254"];
    assert_eq!(resolved(AddressPolicy::Public, &mixed).await, Ok(public));
    assert_eq!(resolved(AddressPolicy::Public, &["10.0.0.1", "::ffff:127.0.0.1"]).await, Err(PostError::NotPublic));
    assert_eq!(resolved(AddressPolicy::Public, &[]).await, Err(PostError::Unresolved));
    assert_eq!(resolved(AddressPolicy::Any, &mixed).await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_private_address_is_never_connected_to() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let reached = tokio::spawn(async move { listener.accept().await.map(|_| ()) });
    // By name, by address, and by spellings that only the operating system's resolver takes for an address.
    for host in [
        "localhost",
        "127.0.0.1",
        "[::ffff:127.0.0.1]",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
    ] {
        for scheme in ["http", "https"] {
            let result = post(AddressPolicy::Public, &format!("{scheme}://{host}:{port}/")).await;
            // Connect: for TLS, some of these are no names at all.
            let refused = matches!(result, Err(PostError::NotPublic | PostError::Unresolved))
                || (scheme == "https" && result == Err(PostError::Connect));
            assert!(refused, "{scheme} {host}: {result:?}");
        }
    }
    // A name that leads inside, whatever it was when the URL was configured.
    let client = OutboundClient::with_resolver(AddressPolicy::Public, Names(vec![Ipv4Addr::LOCALHOST.into()]));
    let endpoint = OutboundUrl::parse(&format!("https://panel.example.com:{port}/"), AddressPolicy::Public).unwrap();
    assert_eq!(client.post(&endpoint, &secrets(), &message()).await, Err(PostError::NotPublic));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!reached.is_finished());
    // The same names do lead there: the guard is what refuses.
    assert_eq!(post(AddressPolicy::Any, &format!("https://localhost:{port}/")).await, Err(PostError::Connect));
    reached.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_cannot_be_a_header_is_not_sent() {
    let endpoint = OutboundUrl::parse("http://127.0.0.1:9/", AddressPolicy::Any).unwrap();
    let message = Message { id: "two\r\nlines", ..message() };
    assert_eq!(
        OutboundClient::new(AddressPolicy::Any).post(&endpoint, &secrets(), &message).await,
        Err(PostError::Unsendable)
    );
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = chrono::DateTime::parse_from_rfc3339("2026-11-23T12:00:00Z").unwrap().to_utc();
    let waiting = |value| waiting_time(value, now).map(|wait| wait.as_secs());
    assert_eq!(waiting("120"), Some(120));
    assert_eq!(waiting("Mon, 23 Nov 2026 12:01:30 GMT"), Some(90));
    assert_eq!(waiting("Mon, 23 Nov 2026 11:00:00 GMT"), Some(0));
    assert_eq!(waiting("soon"), None);
    assert_eq!(waiting("-1"), None);
}

#[test]
fn no_password_of_a_reply_is_printed() {
    let answer = Answer { status: 200, body: br#"{"password":"secret"}"#.to_vec(), retry_after: None };
    assert_eq!(format!("{answer:?}"), "Answer(200, 21 bytes)");
}
