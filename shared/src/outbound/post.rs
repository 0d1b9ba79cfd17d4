//! A signed POST: guarded, bounded in time and size, no redirect followed.
//!
//! By the HTTP client that the AWS SDK brings along (hyper, rustls on ring), so that no second one is linked. Addresses are
//! checked where a connection is made, after the host's name was looked up: what is checked is what is connected to.

use std::{error::Error, fmt, net::IpAddr, time::Duration};

use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    dns::{DnsFuture, ResolveDns, ResolveDnsError, SharedDnsResolver},
    http::{HttpConnector, SharedHttpConnector},
    orchestrator::HttpRequest,
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;

use super::{
    address_policy::AddressPolicy,
    sign::{self, Message, SigningSecrets},
    url::OutboundUrl,
};
use crate::domain::time::Timestamp;

/// For everything from looking the name up to the reply's last byte.
pub const TIME_LIMIT: Duration = Duration::from_secs(5);
/// Bytes of a reply's body.
pub const SIZE_LIMIT: usize = 64 * 1024;

/// How we present ourselves.
const USER_AGENT: &str = concat!("work-orders/", env!("CARGO_PKG_VERSION"));

/// What was answered. Any status, redirects too. Debug prints nothing of the body, which may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The whole body, at most [`SIZE_LIMIT`] bytes.
    pub body: Vec<u8>,
    /// After how long to come again, if the answer says so.
    pub retry_after: Option<Duration>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why there is no answer. It may be another time; whether the message took effect is not known. The text holds nothing
/// of URL, message or reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The message cannot be put into a request.
    #[error("the message cannot be sent as an HTTP request")]
    Unsendable,
    /// The host's name leads nowhere.
    #[error("its name cannot be looked up")]
    Unresolved,
    /// The host's name leads to addresses that must not be called.
    #[error("its name leads to no public address")]
    NotPublic,
    /// No connection, or none that is safe.
    #[error("no connection could be made")]
    Connect,
    /// The connection broke off before the answer was whole, or the answer is no HTTP.
    #[error("the answer broke off or is no HTTP")]
    BrokenOff,
    /// Not done within [`TIME_LIMIT`].
    #[error("no whole answer within 5 seconds")]
    Timeout,
    /// The answer is longer than [`SIZE_LIMIT`], or says so.
    #[error("the answer is longer than 64 KiB")]
    TooLong,
}

/// The client. Clones share their connections.
#[derive(Clone, Debug)]
pub struct OutboundClient {
    policy: AddressPolicy,
    connector: SharedHttpConnector,
}

impl OutboundClient {
    /// A client with this reach. Names are looked up as the operating system does.
    pub fn new(policy: AddressPolicy) -> Self {
        Self::with_resolver(policy, SystemResolver)
    }

    /// Which addresses it may call.
    pub fn policy(&self) -> AddressPolicy {
        self.policy
    }

    /// A client that looks names up by `resolver`.
    pub fn with_resolver(policy: AddressPolicy, resolver: impl ResolveDns + 'static) -> Self {
        let resolver = Guarded { policy, inner: SharedDnsResolver::new(resolver) };
        let connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            // Lambda may freeze for longer than others keep a connection.
            .pool_idle_timeout(Duration::from_secs(20))
            .build_with_resolver(resolver);
        Self { policy, connector: SharedHttpConnector::new(connector) }
    }

    /// Posts a JSON message, signed.
    pub async fn post(
        &self,
        to: &OutboundUrl,
        secrets: &SigningSecrets,
        message: &Message<'_>,
    ) -> Result<Answer, PostError> {
        if !to.may_be_called(self.policy) {
            return Err(PostError::NotPublic);
        }
        let request = http::Request::post(to.uri().clone())
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::USER_AGENT, USER_AGENT)
            .header(sign::ID, message.id)
            .header(sign::TIMESTAMP, message.at.timestamp().to_string())
            .header(sign::SIGNATURE, secrets.sign(message))
            .body(SdkBody::from(message.body.to_vec()));
        let request =
            request.ok().and_then(|request| HttpRequest::try_from(request).ok()).ok_or(PostError::Unsendable)?;
        tokio::time::timeout(TIME_LIMIT, self.exchange(request, message.at)).await.unwrap_or(Err(PostError::Timeout))
    }

    async fn exchange(&self, request: HttpRequest, at: Timestamp) -> Result<Answer, PostError> {
        let response = self.connector.call(request).await.map_err(|error| classify(&error))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after").and_then(|value| waiting_time(value, at));
        let mut body = response.into_body();
        // A length that is said and too long need not be waited for.
        if body.content_length().is_some_and(|length| length > SIZE_LIMIT as u64) {
            return Err(PostError::TooLong);
        }
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| PostError::BrokenOff)?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > SIZE_LIMIT {
                return Err(PostError::TooLong);
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Answer { status, body: bytes, retry_after })
    }
}

/// `Retry-After`, in seconds or as a date.
fn waiting_time(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = chrono::DateTime::parse_from_rfc2822(value.trim()).ok()?;
    Some((at.to_utc() - now).to_std().unwrap_or_default())
}

fn classify(error: &ConnectorError) -> PostError {
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    let mut connecting = false;
    while let Some(cause) = source {
        if let Some(fault) = cause.downcast_ref::<PostError>() {
            return *fault;
        }
        let client = cause.downcast_ref::<hyper_util::client::legacy::Error>();
        connecting |= client.is_some_and(hyper_util::client::legacy::Error::is_connect);
        source = cause.source();
    }
    if connecting { PostError::Connect } else { PostError::BrokenOff }
}

/// Gives the connector only addresses that may be called. Of a name with public and private addresses, the public ones.
#[derive(Debug, Clone)]
struct Guarded {
    policy: AddressPolicy,
    inner: SharedDnsResolver,
}

impl ResolveDns for Guarded {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = self.inner.resolve_dns(name).await.map_err(|_| ResolveDnsError::new(PostError::Unresolved))?;
            if found.is_empty() {
                return Err(ResolveDnsError::new(PostError::Unresolved));
            }
            let allowed: Vec<IpAddr> = found.into_iter().filter(|address| self.policy.allows(*address)).collect();
            if allowed.is_empty() { Err(ResolveDnsError::new(PostError::NotPublic)) } else { Ok(allowed) }
        })
    }
}

/// The operating system's.
#[derive(Debug, Clone, Copy)]
struct SystemResolver;

impl ResolveDns for SystemResolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

#[cfg(test)]
mod tests;
