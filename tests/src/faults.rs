//! Faults at the HTTP connector of the SDK: the service's code, the SDK's retries and the store stay as they are. Every
//! call is recorded, so that tests can count them too.

use std::{
    fmt,
    sync::{Arc, Mutex},
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
use aws_smithy_types::body::SdkBody;
use serde_json::Value;
use shared::lambda::clients::http_client;

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
}

type Plan = Box<dyn FnMut(&Call) -> Fault + Send>;

struct State {
    plan: Plan,
    calls: Vec<Call>,
}

/// An HTTP client with a plan of faults.
#[derive(Clone)]
pub struct FaultyHttp {
    inner: SharedHttpClient,
    state: Arc<Mutex<State>>,
}

impl Default for FaultyHttp {
    fn default() -> Self {
        let state = State { plan: Box::new(|_| Fault::None), calls: Vec::new() };
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
        match fault {
            Fault::None => self.inner.call(request),
            Fault::Before => HttpConnectorFuture::ready(Err(lost())),
            Fault::After => {
                let inner = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    inner.await?;
                    Err(lost())
                })
            }
            Fault::Throttled => HttpConnectorFuture::ready(Ok(refusal(400, "ThrottlingException"))),
            Fault::Broken => HttpConnectorFuture::ready(Ok(refusal(500, "InternalServerError"))),
        }
    }
}

fn refusal(status: u16, code: &str) -> HttpResponse {
    let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"by the test"}}"#);
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body))
}

fn describe(request: &HttpRequest) -> Call {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let body: Value = request.body().bytes().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
    let key = ["/Item/pk/S", "/Key/pk/S"].iter().find_map(|path| body.pointer(path)).and_then(Value::as_str);
    let item = key.and_then(|key| key.split('#').next()).unwrap_or_default().to_owned();
    let index = body["IndexName"].as_str().map(str::to_owned);
    let target = key.or(body["QueueUrl"].as_str()).unwrap_or_default().to_owned();
    let seconds = body["VisibilityTimeout"].as_u64();
    Call { operation, item, target, index, seconds }
}
