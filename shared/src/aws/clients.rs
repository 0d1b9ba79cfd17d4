//! AWS clients: one HTTP client for all, rustls on ring, bounded in time, every attempt counted.

use std::time::Duration;

use aws_sdk_dynamodb::config::{
    BehaviorVersion, ConfigBag, Credentials, IdentityCache, Intercept, Region, RuntimeComponents, SharedHttpClient,
    StalledStreamProtectionConfig, interceptors::BeforeTransmitInterceptorContextRef, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// A connection that takes longer is not coming.
const CONNECT: Duration = Duration::from_secs(1);
/// DynamoDB and SQS answer in milliseconds: an attempt that takes longer is better made again.
const ATTEMPT: Duration = Duration::from_secs(2);
/// All attempts of a call, so that a 503 leaves before a client gives up (15 s) and the function is stopped (10 s).
const OPERATION: Duration = Duration::from_secs(6);
/// Attempts of a call.
const ATTEMPTS: u32 = 3;

tokio::task_local! {
    static CALLS: std::cell::Cell<u32>;
}

/// Runs `work` and counts the AWS calls it makes in its own task, attempts that are repeated included.
pub async fn counting<T>(work: impl Future<Output = T>) -> (T, u32) {
    let counted = async {
        let result = work.await;
        (result, CALLS.with(std::cell::Cell::get))
    };
    CALLS.scope(std::cell::Cell::new(0), counted).await
}

#[derive(Debug)]
struct CountCalls;

impl Intercept for CountCalls {
    fn name(&self) -> &'static str {
        "CountCalls"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), aws_sdk_dynamodb::error::BoxError> {
        // Outside of a request, as in init, nobody counts.
        let _uncounted = CALLS.try_with(|calls| calls.set(calls.get() + 1));
        Ok(())
    }
}

/// A client of the SDK's crate for a service: the one configuration of all. `SdkConfig`, which says the same for any crate, is
/// 30 KB in each function's binary.
macro_rules! client {
    ($sdk:ident, $aws:ident, $endpoint:expr) => {{
        let mut config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new($aws.region.clone()))
            .credentials_provider($aws.credentials.clone())
            .http_client($aws.http.clone())
            .timeout_config(timeouts())
            .retry_config(retries())
            .identity_cache(IdentityCache::no_cache())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .interceptor(CountCalls);
        config.set_endpoint_url($endpoint.clone());
        $sdk::Client::from_conf(config.build())
    }};
}

/// Where and as whom AWS is called.
#[derive(Clone)]
pub struct Aws {
    /// The HTTP client that all clients share.
    pub http: SharedHttpClient,
    /// Region.
    pub region: String,
    /// Credentials.
    pub credentials: Credentials,
    /// In place of DynamoDB's own endpoint.
    pub dynamodb_endpoint: Option<String>,
    /// In place of SQS's own endpoint.
    pub sqs_endpoint: Option<String>,
}

impl Aws {
    /// A DynamoDB client.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        client!(aws_sdk_dynamodb, self, self.dynamodb_endpoint)
    }

    /// An SQS client.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        client!(aws_sdk_sqs, self, self.sqs_endpoint)
    }
}

/// rustls on ring: aws-lc spends 425 M instructions on jitter entropy in its first handshake (infra/docs/decisions.md).
pub fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build()
}

/// A first wait of up to 50 ms, then up to 100: DynamoDB and SQS throttle for less than the SDK's default of a second.
fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(Duration::from_millis(50))
}
