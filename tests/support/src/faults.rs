//! Faults at the HTTP connector of the SDK: the service's code, the SDK's retries and the store stay as they are. Every
//! call is recorded, so that tests can count them too.

use std::{
    collections::HashMap,
    fmt,
    io::ErrorKind,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use serde_json::{Value, json};
use shared::aws::clients::http_client;

/// One call of AWS, an attempt that is repeated included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `PutItem`
    pub operation: String,
    /// The kind of item it is about, as its key begins: `order`, `number`, `line`; empty for none or several.
    pub item: String,
    /// The whole key, or the queue.
    pub target: String,
    /// The index that is queried.
    pub index: Option<String>,
    /// The seconds that a message is hidden for.
    pub seconds: Option<u64>,
}

impl Call {
    /// `PutItem order`
    pub fn name(&self) -> String {
        format!("{} {}", self.operation, self.item).trim_end().to_owned()
    }
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It fails before it takes effect.
    Before,
    /// It takes effect, and the answer is lost.
    After,
    /// The service says that it is asked too often.
    Throttled,
    /// The service says that it has failed.
    Broken,
    /// The table takes no more at the moment.
    OverThroughput,
    /// A transaction of somebody else has the item.
    Conflict,
    /// No answer in time, and no effect.
    TimedOutBefore,
    /// No answer in time, and it took effect.
    TimedOutAfter,
    /// The connection was reset after it took effect.
    Reset,
    /// It takes effect, and the answer comes half a second late.
    Slow,
    /// Of a batch, nothing was done: keys are left unprocessed, messages could not be deleted.
    Partial,
    /// The first half of a batch takes effect, and the rest is answered as not done.
    Half,
    /// An index answers as it did the last time, or as if it were empty.
    Stale,
}

type Plan = Box<dyn FnMut(&Call) -> Fault + Send>;

struct State {
    plan: Plan,
    calls: Vec<Call>,
    /// The latest answers of queries, by what they ask for.
    queried: HashMap<String, Vec<u8>>,
}

/// An HTTP client with a plan of faults.
#[derive(Clone)]
pub struct FaultyHttp {
    inner: SharedHttpClient,
    state: Arc<Mutex<State>>,
}

impl Default for FaultyHttp {
    fn default() -> Self {
        let state = State { plan: Box::new(|_| Fault::None), calls: Vec::new(), queried: HashMap::new() };
        Self { inner: http_client(), state: Arc::new(Mutex::new(state)) }
    }
}

impl fmt::Debug for FaultyHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyHttp")
    }
}

impl FaultyHttp {
    pub fn shared(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// From now on, `plan` says what happens to each call.
    pub fn plan(&self, plan: impl FnMut(&Call) -> Fault + Send + 'static) {
        self.state.lock().unwrap().plan = Box::new(plan);
    }

    /// No faults any more.
    pub fn heal(&self) {
        self.plan(|_| Fault::None);
    }

    /// The calls since the last time.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }
}

impl HttpClient for FaultyHttp {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(FaultyConnector { inner, state: self.state.clone() })
    }
}

struct FaultyConnector {
    inner: SharedHttpConnector,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for FaultyConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyConnector")
    }
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = describe(&request);
        let fault = {
            let mut state = self.state.lock().unwrap();
            state.calls.push(call.clone());
            (state.plan)(&call)
        };
        let lost = || ConnectorError::io("a fault that the test put in".into());
        let late = || ConnectorError::timeout("a fault that the test put in".into());
        let reset = || ConnectorError::io(std::io::Error::from(ErrorKind::ConnectionReset).into());
        let ready = |answer| HttpConnectorFuture::ready(answer);
        match fault {
            Fault::None if call.operation == "Query" => self.query(request),
            Fault::None => self.inner.call(request),
            Fault::Before => ready(Err(lost())),
            Fault::After => self.done_but(request, lost()),
            Fault::Throttled => ready(Ok(refusal(400, "ThrottlingException"))),
            Fault::Broken => ready(Ok(refusal(500, "InternalServerError"))),
            Fault::OverThroughput => ready(Ok(refusal(400, "ProvisionedThroughputExceededException"))),
            Fault::Conflict => ready(Ok(refusal(400, "TransactionConflictException"))),
            Fault::TimedOutBefore => ready(Err(late())),
            Fault::TimedOutAfter => self.done_but(request, late()),
            Fault::Reset => self.done_but(request, reset()),
            Fault::Slow => {
                let inner = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    let answer = inner.await;
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    answer
                })
            }
            Fault::Partial => ready(Ok(nothing_done(&request))),
            Fault::Half => self.half(request),
            Fault::Stale => {
                let state = self.state.lock().unwrap();
                let before = state.queried.get(&asked(&request)).cloned();
                let empty = || br#"{"Items":[],"Count":0,"ScannedCount":0}"#.to_vec();
                ready(Ok(success(before.unwrap_or_else(empty))))
            }
        }
    }
}

impl FaultyConnector {
    /// The call takes effect, and all that comes of it is `error`.
    fn done_but(&self, request: HttpRequest, error: ConnectorError) -> HttpConnectorFuture {
        let inner = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            inner.await?;
            Err(error)
        })
    }

    /// Sends the first half of a batch, and adds the rest to the answer as what was not done. What is no batch, or a batch
    /// of one, is sent whole.
    fn half(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let whole = body(&request);
        let table = whole["RequestItems"].as_object().and_then(|tables| tables.keys().next()).cloned();
        let path = table.as_ref().map_or_else(|| "/Entries".to_owned(), |table| format!("/RequestItems/{table}/Keys"));
        let mut first = whole.clone();
        let batch = first.pointer_mut(&path).and_then(Value::as_array_mut);
        let Some(batch) = batch.filter(|batch| batch.len() > 1) else { return self.inner.call(request) };
        let rest = batch.split_off(batch.len() / 2);
        let text = first.to_string();
        request.headers_mut().insert("content-length", text.len().to_string());
        *request.body_mut() = SdkBody::from(text);
        let inner = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let answer = collect(inner.await?).await?;
            let mut answer: Value =
                serde_json::from_slice(&answer).map_err(|cause| ConnectorError::other(cause.into(), None))?;
            if let Some(table) = table {
                let mut keys = whole["RequestItems"][&table].clone();
                keys["Keys"] = Value::Array(rest);
                answer["UnprocessedKeys"] = json!({ table: keys });
            } else {
                answer["Failed"] = rest.iter().map(not_done).collect();
            }
            Ok(success(answer.to_string().into_bytes()))
        })
    }

    /// A query, whose answer is kept.
    fn query(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (asked, state) = (asked(&request), self.state.clone());
        let inner = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let body = collect(inner.await?).await?;
            state.lock().unwrap().queried.insert(asked, body.clone());
            Ok(success(body))
        })
    }
}

async fn collect(answer: HttpResponse) -> Result<Vec<u8>, ConnectorError> {
    let body = ByteStream::new(answer.into_body()).collect().await;
    Ok(body.map_err(|cause| ConnectorError::io(cause.into()))?.to_vec())
}

/// An entry of a batch as SQS answers that it was not done.
fn not_done(entry: &Value) -> Value {
    json!({ "Id": entry["Id"], "SenderFault": false, "Code": "InternalError" })
}

fn body(request: &HttpRequest) -> Value {
    request.body().bytes().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default()
}

/// Which part of which index a query asks for; up to when does not matter.
fn asked(request: &HttpRequest) -> String {
    let body = body(request);
    format!("{} {}", body["IndexName"], body["ExpressionAttributeValues"][":open"])
}

fn success(body: Vec<u8>) -> HttpResponse {
    HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from(body))
}

/// The answer to a batch of which nothing was done.
fn nothing_done(request: &HttpRequest) -> HttpResponse {
    let body = body(request);
    let answer = match body["Entries"].as_array() {
        Some(entries) => json!({ "Successful": [], "Failed": entries.iter().map(not_done).collect::<Vec<_>>() }),
        None => json!({ "Responses": {}, "UnprocessedKeys": body["RequestItems"] }),
    };
    success(answer.to_string().into_bytes())
}

fn refusal(status: u16, code: &str) -> HttpResponse {
    let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"by the test"}}"#);
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body))
}

fn describe(request: &HttpRequest) -> Call {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let body = body(request);
    let key = ["/Item/pk/S", "/Key/pk/S"].iter().find_map(|path| body.pointer(path)).and_then(Value::as_str);
    let item = key.and_then(|key| key.split('#').next()).unwrap_or_default().to_owned();
    let index = body["IndexName"].as_str().map(str::to_owned);
    let target = key.or(body["QueueUrl"].as_str()).unwrap_or_default().to_owned();
    let seconds = body["VisibilityTimeout"].as_u64();
    Call { operation, item, target, index, seconds }
}
