//! Data that an earlier build stored is read by this one (tests/kept_data).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::{Json, Router, body::Bytes, extract::State, http::HeaderMap, http::Uri};
use local::{Local, Options};
use serde_json::{Value, json};
use shared::{
    domain::time::{Timestamp, from_wire},
    outbound::sign::{Message, SigningSecrets},
    ports::Clock,
};
use tempfile::TempDir;

use crate::program::Program;

/// What the service signs calls of the provisioner with.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A copy of a kept folder.
struct Kept {
    folder: TempDir,
    /// What the build that wrote it reads of it.
    expected: Value,
}

fn copies() -> Vec<Kept> {
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/kept_data");
    let entries = std::fs::read_dir(kept).unwrap().map(|entry| entry.unwrap().path());
    let copies: Vec<Kept> = entries.filter(|path| path.is_dir()).map(|path| Kept::copy(&path)).collect();
    assert!(!copies.is_empty());
    copies
}

impl Kept {
    fn copy(from: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["events-place", "token-secret"] {
            std::fs::copy(from.join(name), folder.path().join(name)).unwrap();
        }
        let packed = std::fs::File::open(from.join("orders.sqlite.gz")).unwrap();
        let mut database = std::fs::File::create(folder.path().join("orders.sqlite")).unwrap();
        std::io::copy(&mut flate2::read::GzDecoder::new(packed), &mut database).unwrap();
        let expected = serde_json::from_slice(&std::fs::read(from.join("expected.json")).unwrap()).unwrap();
        Self { folder, expected }
    }

    fn written_at(&self) -> Timestamp {
        from_wire(self.expected["written_at"].as_str().unwrap()).unwrap()
    }

    /// Starts this build on it, at the time of its writing, with nothing in the background.
    async fn open(&self) -> Local {
        let data = Some(self.folder.path().to_owned());
        let clock = Arc::new(At(self.written_at()));
        Local::start(Options { port: 0, data, clock, background: false, ..Options::default() }).await.unwrap()
    }

    fn key(&self) -> &str {
        self.expected["secrets"]["work"]["shop"].as_str().unwrap()
    }

    fn orders(&self) -> &serde_json::Map<String, Value> {
        self.expected["orders"].as_object().unwrap()
    }

    fn emails(&self) -> BTreeMap<&str, &str> {
        let email = |order: &'_ Value| order["customer"]["email"].as_str().map(str::to_owned);
        assert!(self.orders().values().all(|order| email(order).is_some()));
        self.orders()
            .iter()
            .map(|(name, order)| (name.as_str(), order["customer"]["email"].as_str().unwrap()))
            .collect()
    }

    /// The requests whose names never expire: a shop's order, a transaction.
    fn lasting_requests(&self) -> Vec<&Value> {
        let lasts = |request: &&Value| {
            let body = &request["body"];
            let named = ["wc_order_id", "payment_transaction_id"].iter().any(|name| body[*name].is_string());
            named && body["confirmation_token"].is_null()
        };
        self.expected["requests"].as_array().unwrap().iter().filter(lasts).collect()
    }

    /// Endpoints are at `url` now, and the records of the stream are as old as if they had just been written: the stream
    /// keeps a day.
    async fn move_here(&self, url: &str) {
        let place: u128 = std::fs::read_to_string(self.folder.path().join("events-place")).unwrap().parse().unwrap();
        let database = rusqlite::Connection::open(self.folder.path().join("orders.sqlite")).unwrap();
        let latest = "SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records";
        let latest: i64 = database.query_row(latest, [], |row| row.get(0)).unwrap();
        let later = (chrono::Utc::now().timestamp_micros() - latest).max(0);
        let update = "UPDATE _stream_records SET sequence_number = CAST(sequence_number AS INTEGER) + ?1";
        assert!(database.execute(update, [later]).unwrap() > 0);
        drop(database);
        let place = place + u128::try_from(later).unwrap();
        std::fs::write(self.folder.path().join("events-place"), place.to_string()).unwrap();
        let local = self.open().await;
        for (target, hook) in self.expected["hooks"].as_object().unwrap() {
            let id = hook["id"].as_str().unwrap();
            let call = local.aws.dynamodb().update_item().table_name(local::store::TABLE);
            let call = call.key("pk", AttributeValue::S("webhooks".to_owned()));
            let call = call.key("sk", AttributeValue::S(format!("endpoint#{id}")));
            let call = call.update_expression("SET #url = :url").condition_expression("attribute_exists(pk)");
            let call = call.expression_attribute_names("#url", "url");
            call.expression_attribute_values(":url", AttributeValue::S(format!("{url}{target}"))).send().await.unwrap();
        }
        local.stop().await;
    }
}

/// A clock that stands still.
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Who speaks to a service under a key.
struct Client {
    http: reqwest::Client,
    url: String,
    key: String,
}

impl Client {
    fn new(url: &str, key: &str) -> Self {
        Self { http: reqwest::Client::new(), url: url.to_owned(), key: key.to_owned() }
    }

    async fn get(&self, target: &str) -> (u16, Value) {
        let request = self.http.get(format!("{}{target}", self.url)).header("X-Panelr-API-Key", &self.key);
        let answer = request.bearer_auth(&self.key).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn order(&self, reference: &str, email: &str) -> Value {
        let (status, mut reply) = self.get(&format!("/api/get_work_order?ref={reference}&email={email}")).await;
        assert_eq!(status, 200, "{reference}: {reply}");
        reply["data"].take()
    }

    async fn completes(&self, reference: &str, email: &str) {
        for _ in 0..200 {
            if self.order(reference, email).await["status"] == "completed" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{reference} is not completed: {}", self.order(reference, email).await);
    }

    /// All orders of the Shoppex side.
    async fn list(&self) -> Vec<Value> {
        let (status, reply) = self.get("/dev/v1/orders?limit=100").await;
        assert_eq!((status, &reply["pagination"]["has_more"]), (200, &json!(false)), "{reply}");
        reply["data"].as_array().unwrap().clone()
    }

    /// Sends a kept request.
    async fn send(&self, request: &Value) -> (u16, Value) {
        let text = |name: &str| request[name].as_str().unwrap();
        let mut call = self.http.request(text("method").parse().unwrap(), format!("{}{}", self.url, text("target")));
        for (name, value) in request["headers"].as_object().unwrap() {
            call = call.header(name, value.as_str().unwrap());
        }
        let answer = call.body(request["body"].to_string()).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn repeat(&self, request: &Value) {
        let (status, mut reply) = self.send(request).await;
        // Each failure has an id of its own.
        let mut first = request["reply"].clone();
        for reply in [&mut reply, &mut first] {
            reply.as_object_mut().unwrap().remove("request_id");
        }
        assert_eq!((json!(status), reply), (request["status"].clone(), first), "{request}");
    }
}

#[tokio::test]
async fn every_record_reads_as_the_earlier_build_read_it() {
    for kept in copies() {
        let local = kept.open().await;
        let client = Client::new(&local.url, kept.key());
        for (reference, email) in kept.emails() {
            assert_eq!(client.order(reference, email).await, kept.expected["get_work_order"][reference]);
        }
        assert_eq!(json!(client.list().await), kept.expected["list_orders"]);
        for action in ["get_products", "get_payment_methods", "get_bouquets"] {
            assert_eq!(client.get(&format!("/api/{action}")).await.1["data"], kept.expected[action], "{action}");
        }
        local.stop().await;
    }
}

#[tokio::test]
async fn a_repeat_of_a_stored_request_gets_the_first_reply_and_makes_nothing() {
    for kept in copies() {
        let local = kept.open().await;
        let client = Client::new(&local.url, kept.key());
        let requests = kept.expected["requests"].as_array().unwrap();
        for request in requests {
            client.repeat(request).await;
        }
        // A repeat of a refused part payment may be noted again; nothing else changes.
        let listed = |orders: &Value| {
            let mut orders = orders.clone();
            for order in orders.as_array_mut().unwrap() {
                order.as_object_mut().unwrap().remove("updated_at");
            }
            orders
        };
        assert_eq!(listed(&json!(client.list().await)), listed(&kept.expected["list_orders"]));
        let (status, reply) = client.send(&kept.expected["claim"]).await;
        assert_eq!(
            (status, &reply["data"]["status"]),
            (200, &json!("COMPLETED")),
            "the claim holds for a day: {reply}"
        );
        let mut other = kept.expected["claim"].clone();
        other["body"]["note"] = json!("another");
        assert_eq!(client.send(&other).await.0, 422, "the key is another request's");
        for (action, field, value) in [
            ("complete_order", "customer_email", json!("another@example.com")),
            ("create_work_order", "status", json!("completed")),
        ] {
            let found = requests.iter().find(|request| {
                request["target"] == format!("/api/{action}") && request["body"]["wc_order_id"].is_string()
            });
            let mut other = found.unwrap().clone();
            assert_ne!(other["body"][field], value);
            other["body"][field] = value;
            let (status, reply) = client.send(&other).await;
            let reference = found.unwrap()["reply"]["data"]["reference_code"].as_str().unwrap();
            assert!(status == 422 && reply["error"].as_str().unwrap().contains(reference), "{status} {reply}");
        }
        local.stop().await;
    }
}

#[tokio::test]
async fn keys_work_and_revoked_ones_do_not() {
    for kept in copies() {
        let local = kept.open().await;
        for (name, secret) in kept.expected["secrets"]["work"].as_object().unwrap() {
            let (status, reply) = Client::new(&local.url, secret.as_str().unwrap()).get("/api/get_products").await;
            let wanted = if name == "rotated" { 403 } else { 200 };
            assert_eq!(status, wanted, "{name}: {reply}");
        }
        let closed = kept.expected["secrets"]["revoked"].as_str().unwrap();
        assert_eq!(Client::new(&local.url, closed).get("/api/get_products").await.0, 401);
        local.stop().await;
    }
}

/// What came to the provisioner and to the endpoints: path, headers, body.
type Came = Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>;

/// Something that takes whatever it is sent.
struct Taker {
    url: String,
    came: Came,
}

impl Taker {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let came = Came::default();
        let take = async |State(came): State<Came>, uri: Uri, headers: HeaderMap, body: Bytes| {
            came.lock().unwrap().push((uri.to_string(), headers, body));
            Json(json!({}))
        };
        let router = Router::new().fallback(take).with_state(came.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, came }
    }

    /// Bodies by their ids; each body of an id is the same, and signed.
    fn bodies(&self, path: &str, secret: &str) -> BTreeMap<String, String> {
        let secrets = SigningSecrets::parse(secret).unwrap();
        let mut bodies = BTreeMap::new();
        for (_, headers, body) in self.came.lock().unwrap().iter().filter(|(to, ..)| to == path) {
            let header = |name: &str| headers[name].to_str().unwrap();
            let at = Timestamp::from_timestamp(header("webhook-timestamp").parse().unwrap(), 0).unwrap();
            let id = header("webhook-id");
            assert_eq!(header("webhook-signature"), secrets.sign(&Message { id, at, body }));
            let body = String::from_utf8(body.to_vec()).unwrap();
            let before = bodies.insert(id.to_owned(), body.clone());
            assert!(before.is_none_or(|before| before == body), "{id}");
        }
        bodies
    }

    /// Bodies by their ids, once there is one for which `is` holds.
    async fn until(&self, path: &str, secret: &str, is: impl Fn(&str, &str) -> bool) -> BTreeMap<String, String> {
        for _ in 0..200 {
            let bodies = self.bodies(path, secret);
            if bodies.iter().any(|(id, body)| is(id, body)) {
                return bodies;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path}: {:?}", self.bodies(path, secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_is_finished() {
    for kept in copies() {
        let taker = Taker::start().await;
        kept.move_here(&taker.url).await;
        let data = kept.folder.path().to_str().unwrap();
        let provisioner = format!("{}/provisioner", taker.url);
        let program =
            Program::start(&["--data", data, "--provisioner-url", &provisioner, "--provisioner-secret", SECRET]).await;
        let client = Client::new(&program.url, kept.key());
        let emails = kept.emails();
        let queued = kept.orders().iter().filter(|(_, order)| order["status"] == "queued");
        let queued: BTreeSet<&str> = queued.map(|(reference, _)| reference.as_str()).collect();
        assert!(!queued.is_empty());
        for reference in &queued {
            client.completes(reference, emails[reference]).await;
        }

        // Effects that were reserved are sent as they are stored; those of orders that ended are not.
        for (id, reserved) in kept.expected["reserved"].as_object().unwrap() {
            if reserved["under_way"] == true {
                let sent = taker.until("/provisioner", SECRET, |sent, _| sent == id).await;
                assert_eq!(json!(sent[id]), reserved["body"]);
            } else {
                assert!(!taker.bodies("/provisioner", SECRET).contains_key(id), "{id}");
            }
        }

        // What is not under way is as it was, and a shop that sends again makes nothing new.
        for (reference, email) in emails.iter().filter(|(reference, _)| !queued.contains(*reference)) {
            assert_eq!(client.order(reference, email).await, kept.expected["get_work_order"][reference]);
        }
        for request in kept.lasting_requests() {
            client.repeat(request).await;
        }
        let stored = kept.orders().len();
        assert_eq!(client.list().await.len(), stored);

        let renewed = renew(&kept, &client, &taker).await;
        let listed = client.list().await;
        assert_eq!((listed.len(), listed[0]["id"].as_str().unwrap()), (stored + 1, renewed.as_str()));

        // Endpoints get what they were not told yet, under the same ids, and what is new.
        for (target, hook) in kept.expected["hooks"].as_object().unwrap() {
            let secret = hook["secret"].as_str().unwrap();
            let told = taker.until(target, secret, |_, body| body.contains(&renewed)).await;
            let missed = hook["events"].as_object().unwrap();
            assert!(!missed.is_empty());
            for (id, body) in missed {
                assert_eq!(told.get(id).map(String::as_str), body.as_str(), "{id}");
            }
        }
        program.end("TERM").await;
    }
}

/// Renews a line that the earlier build's provisioner had made; the order's reference code.
async fn renew(kept: &Kept, client: &Client, taker: &Taker) -> String {
    let lines = kept.expected["lines"].as_object().unwrap();
    let served =
        |line: &&Value| line["status"] == "active" && line["username"].as_str().unwrap_or("").starts_with("tv-");
    let reserved = |line: &Value| {
        let id = format!("\"line\":{{\"id\":{}", line["line"]);
        kept.expected["reserved"].as_object().unwrap().values().any(|it| it["body"].as_str().unwrap().contains(&id))
    };
    let line = lines.values().filter(served).find(|line| !reserved(line)).unwrap();
    let body = json!({ "activation_id": line["line"], "product_id": line["product_id"], "payment_method_id": 1, "is_free": true });
    let headers = json!({ "X-Panelr-API-Key": client.key });
    let request = json!({ "method": "POST", "target": "/api/create_renewal", "headers": headers, "body": body });
    let (status, reply) = client.send(&request).await;
    assert_eq!(status, 200, "{reply}");
    let reference = reply["data"]["reference_code"].as_str().unwrap().to_owned();
    client.completes(&reference, line["customer_email"].as_str().unwrap()).await;
    let sent = taker.until("/provisioner", SECRET, |_, body| body.contains(&reference)).await;
    let sent: Value = serde_json::from_str(sent.values().find(|body| body.contains(&reference)).unwrap()).unwrap();
    let id = &line["line"];
    assert_eq!(
        json!([
            sent["effect"],
            sent["line"]["id"],
            sent["line"]["username"],
            sent["line"]["host"],
            sent["line"]["external_id"]
        ]),
        json!(["renew", id, line["username"], "edge-1.example.net", format!("x-{id}")])
    );
    assert_eq!(sent["line"]["revision"].as_u64().unwrap(), line["version"].as_u64().unwrap() + 1);
    assert_eq!(sent["line"]["starts_at"].as_str().unwrap()[..19], line["starts_at"].as_str().unwrap()[..19]);
    assert!(sent["expires_at"].as_str().unwrap()[..19] > line["expires_at"].as_str().unwrap()[..19]);
    reference
}
