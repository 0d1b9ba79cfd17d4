//! AWS as the functions see it: the local service's table and queue, each behind TLS.

use std::{path::PathBuf, time::Duration};

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use local::{Local, Options};
use serde_json::Value;
use shared::{
    domain::{
        reference::ReferenceCode,
        token::{TokenSecret, TokenSecrets},
    },
    ports::{Orders, WebhookEndpoints},
};
use support::receiver::{Answer, Receiver};

use crate::{
    authority::Authority,
    events::checked,
    fault::{Explain, Fault},
    front::{Count, Front},
};

/// The functions' secret behind the confirmation tokens.
const TOKEN_SECRET: &str = "a-secret-of-the-bench-and-of-nothing-else";

/// Calls and connections of both services.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) dynamodb: Count,
    pub(crate) sqs: Count,
}

impl Counts {
    /// What came since an `earlier` count.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { dynamodb: self.dynamodb.since(earlier.dynamodb), sqs: self.sqs.since(earlier.sqs) }
    }

    /// Calls of both.
    pub(crate) fn calls(self) -> u64 {
        self.dynamodb.calls + self.sqs.calls
    }
}

/// One table, one queue, and what a function needs to reach them.
pub(crate) struct World {
    /// The local service; it works nothing off by itself.
    pub(crate) local: Local,
    dynamodb: Front,
    sqs: Front,
    /// What webhooks are delivered to.
    receiver: Receiver,
    bundle: PathBuf,
}

impl World {
    /// A new one with the demo catalogue.
    pub(crate) async fn start(authority: &Authority) -> Result<Self, Fault> {
        let options = Options { port: 0, background: false, ..Options::default() };
        let local = Box::pin(Local::start(options)).await.explain("the local service")?;
        let upstream =
            |url: &Option<String>| url.clone().ok_or_else(|| Fault::new("the local service has no endpoint"));
        let dynamodb = Front::start(&upstream(&local.aws.dynamodb_endpoint)?, authority.server.clone()).await?;
        let sqs = Front::start(&upstream(&local.aws.sqs_endpoint)?, authority.server.clone()).await?;
        let receiver = Receiver::start("0123456789ab", &[], Answer::Status(200)).await;
        Ok(Self { local, dynamodb, sqs, receiver, bundle: authority.bundle.clone() })
    }

    /// Adds the endpoint of the receiver, which wants every event. Its id.
    pub(crate) async fn add_endpoint(&self) -> Result<&str, Fault> {
        self.local.store.add_endpoint(&self.receiver.endpoint).await.explain("the endpoint cannot be added")?;
        Ok(&self.receiver.endpoint.id.0)
    }

    /// A function's environment variables.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let queue = |url: &str| format!("{}/000000000000/{}", self.sqs.url, url.rsplit('/').next().unwrap_or_default());
        vec![
            ("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb.url.clone()),
            ("AWS_ENDPOINT_URL_SQS", self.sqs.url.clone()),
            ("SSL_CERT_FILE", self.bundle.display().to_string()),
            ("TABLE_NAME", local::store::TABLE.to_owned()),
            ("QUEUE_URL", queue(&self.local.queue_url)),
            ("EVENTS_QUEUE_URL", queue(&self.local.events_url)),
            ("UNPUBLISHED_QUEUE_URL", queue(&self.local.unpublished_url)),
            // The receiver is on this machine.
            ("EVENTS_ALLOW_PRIVATE", "true".to_owned()),
            ("TOKEN_SECRET", TOKEN_SECRET.to_owned()),
            ("TOKEN_SECRET_VERSION", "1".to_owned()),
        ]
    }

    /// Calls and connections so far.
    pub(crate) fn counts(&self) -> Counts {
        Counts { dynamodb: self.dynamodb.count(), sqs: self.sqs.count() }
    }

    /// From now on each call takes at least this long.
    pub(crate) fn set_latency(&self, latency: Duration) {
        self.dynamodb.set_latency(latency);
        self.sqs.set_latency(latency);
    }

    /// Calls a function of the local service; its reply's body.
    pub(crate) async fn call(&self, function: &str, event: &Value) -> Result<Value, Fault> {
        let event: ApiGatewayV2httpRequest =
            serde_json::from_value(event.clone()).explain("an event cannot be read")?;
        let answer: ApiGatewayV2httpResponse = self.local.functions.call(function, event).await;
        let answer = serde_json::to_value(answer).explain("a reply cannot be written")?;
        checked(function, &answer)
    }

    /// The confirmation token of an order, as the functions make it.
    pub(crate) async fn token(&self, reference: &str) -> Result<String, Fault> {
        let secret = TokenSecret::new(1, TOKEN_SECRET).ok_or_else(|| Fault::new("the token secret is too short"))?;
        let reference: ReferenceCode = reference.parse().map_err(|_| Fault::new("no reference code"))?;
        let order = self.local.store.order_by_number(reference.number).await.explain("an order cannot be read")?;
        let order = order.ok_or_else(|| Fault::new("an order is gone"))?;
        Ok(TokenSecrets::new(secret, None).token(order.uuid, 1).as_str().to_owned())
    }
}
