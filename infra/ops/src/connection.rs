//! Where the stack is: on AWS by the operator's credentials, or the local service. And what its errors mean.

use std::{sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
use serde_json::Value;
use shared::{
    aws::{clients::http_client, dynamodb::DynamoDb, sqs::Sqs},
    ports::{PortError, SystemClock},
};

use crate::{error::OpsError, options::GlobalOptions};

/// An operator may be far from the region, and waits for no client.
const CONNECT: Duration = Duration::from_secs(3);
const ATTEMPT: Duration = Duration::from_secs(10);
const OPERATION: Duration = Duration::from_secs(25);

/// A stack or a local service.
pub struct Connection {
    /// A DynamoDB client.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// An SQS client.
    pub sqs: aws_sdk_sqs::Client,
    /// The table.
    pub table: String,
    /// The region.
    pub region: String,
    /// The local service's URL, if it is one.
    pub local: Option<String>,
    queues: Queues,
}

/// The stack's queues, those that are known.
#[derive(Default)]
struct Queues {
    provision: Option<String>,
    dead_letters: Option<String>,
    events: Option<String>,
    events_dead_letters: Option<String>,
    unpublished: Option<String>,
}

impl Queues {
    fn all(&self) -> impl Iterator<Item = &String> {
        [&self.provision, &self.dead_letters, &self.events, &self.events_dead_letters, &self.unpublished]
            .into_iter()
            .flatten()
    }
}

impl Connection {
    /// Finds out where everything is. Nothing is read from the table yet.
    pub async fn open(common: &GlobalOptions) -> Result<Self, OpsError> {
        match &common.local {
            Some(url) => Self::local(url.trim_end_matches('/')).await,
            None => Self::aws(common).await,
        }
    }

    /// The table.
    pub fn store(&self) -> DynamoDb {
        // Nothing is remembered: an operator wants to see what is there.
        DynamoDb::with(self.dynamodb.clone(), &self.table, Arc::new(SystemClock), Duration::ZERO)
    }

    /// The provisioning queue.
    pub fn queue(&self) -> Result<Sqs, OpsError> {
        Ok(Sqs::new(self.sqs.clone(), self.queue_url()?))
    }

    /// The provisioning queue's URL.
    pub fn queue_url(&self) -> Result<&str, OpsError> {
        named(self.queues.provision.as_ref(), "--queue-url", "QUEUE_URL", "QueueUrl")
    }

    /// The dead-letter queue's URL.
    pub fn dead_letter_queue_url(&self) -> Result<&str, OpsError> {
        let url = self.queues.dead_letters.as_ref();
        named(url, "--dead-letter-queue-url", "DEAD_LETTER_QUEUE_URL", "DeadLetterQueueUrl")
    }

    /// The URL of the queue of events.
    pub fn events_queue_url(&self) -> Result<&str, OpsError> {
        named(self.queues.events.as_ref(), "--events-queue-url", "EVENTS_QUEUE_URL", "EventsQueueUrl")
    }

    /// The URL of the events' dead letters.
    pub fn events_dead_letter_queue_url(&self) -> Result<&str, OpsError> {
        let url = self.queues.events_dead_letters.as_ref();
        let (flag, variable) = ("--events-dead-letter-queue-url", "EVENTS_DEAD_LETTER_QUEUE_URL");
        named(url, flag, variable, "EventsDeadLetterQueueUrl")
    }

    /// The URL of the queue of what could not be published.
    pub fn unpublished_queue_url(&self) -> Result<&str, OpsError> {
        let url = self.queues.unpublished.as_ref();
        named(url, "--unpublished-queue-url", "UNPUBLISHED_QUEUE_URL", "UnpublishedQueueUrl")
    }

    async fn aws(common: &GlobalOptions) -> Result<Self, OpsError> {
        let table = named(common.table.as_ref(), "--table", "TABLE_NAME", "TableName")?.to_owned();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client());
        if let Some(profile) = &common.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &common.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let config = loader.timeout_config(timeouts()).retry_config(RetryConfig::standard()).load().await;
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(OpsError::Usage("No AWS region is set: give --region or set AWS_REGION.".to_owned()));
        };
        let queues = Queues {
            provision: common.queue_url.clone(),
            dead_letters: common.dead_letter_queue_url.clone(),
            events: common.events_queue_url.clone(),
            events_dead_letters: common.events_dead_letter_queue_url.clone(),
            unpublished: common.unpublished_queue_url.clone(),
        };
        for url in queues.all() {
            if let Some(other) = region_of(url).filter(|other| *other != region) {
                return Err(OpsError::Usage(format!(
                    "The queue {url} is in {other}, but the region is {region}; check --region."
                )));
            }
        }
        // Asked for now, so that an error is reported as what it is.
        if let Some(provider) = config.credentials_provider() {
            provider.provide_credentials().await.map_err(|error| no_credentials(&error))?;
        }
        Ok(Self {
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            table,
            region,
            local: None,
            queues,
        })
    }

    async fn local(url: &str) -> Result<Self, OpsError> {
        let about = ask(url).await?;
        let text = |name: &str| match about.get(name).and_then(Value::as_str) {
            Some(text) => Ok(text.to_owned()),
            None => Err(not_ours(url)),
        };
        let (region, table) = (text("region")?, text("table")?);
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .http_client(http_client())
            .timeout_config(timeouts())
            .retry_config(RetryConfig::standard())
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "local", "local", None, None, "local",
            )))
            .build();
        let at = |endpoint: String| config.to_builder().endpoint_url(endpoint).build();
        Ok(Self {
            dynamodb: aws_sdk_dynamodb::Client::new(&at(text("dynamodb_endpoint")?)),
            sqs: aws_sdk_sqs::Client::new(&at(text("sqs_endpoint")?)),
            table,
            region,
            local: Some(url.to_owned()),
            queues: Queues {
                provision: Some(text("queue_url")?),
                dead_letters: Some(text("dead_letter_queue_url")?),
                events: Some(text("events_queue_url")?),
                events_dead_letters: Some(text("events_dead_letter_queue_url")?),
                unpublished: Some(text("unpublished_queue_url")?),
            },
        })
    }

    /// An error of the ports as a sentence that says what to do.
    pub fn explained(&self, error: OpsError) -> OpsError {
        let OpsError::Port(error) = error else { return error };
        OpsError::Unreachable(self.sentence(&error))
    }

    /// The sentence.
    pub fn sentence(&self, error: &PortError) -> String {
        let (operation, how) = match error {
            PortError::Call { operation, code } => (*operation, code.as_str()),
            PortError::Timeout { operation } => (*operation, "timed out"),
            PortError::Corrupt(text) => {
                return format!("The table holds what this release of ops cannot read: {text}.");
            }
            PortError::Contended { .. } | PortError::Unavailable(_) => {
                return format!("It could not be done: {error}. Try again.");
            }
        };
        let queue = QUEUE_OPERATIONS.contains(&operation);
        let service = if queue { "SQS" } else { "DynamoDB" };
        let place = match &self.local {
            Some(url) => format!("of the local service at {url}"),
            None => format!("in {}", self.region),
        };
        let has = |names: &[&str]| names.iter().any(|name| how.contains(name));
        if has(&["ExpiredToken"]) {
            format!("The AWS credentials have expired ({how}); log in again, for instance with `aws sso login`.")
        } else if has(&BAD_CREDENTIALS) {
            format!(
                "AWS does not accept these credentials ({how}); check AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY."
            )
        } else if has(&["AccessDenied", "NotAuthorized"]) {
            format!(
                "These AWS credentials may not do {operation} {place}; infra/ops/README.md has the permissions that \
                 ops needs."
            )
        } else if has(&["NonExistentQueue", "QueueDoesNotExist"]) {
            format!("There is no such queue {place}; check the queues' URLs and --region.")
        } else if has(&["ResourceNotFoundException"]) {
            format!("There is no table {} {place}; check --table and --region.", self.table)
        } else if has(&["timed out", "could not be sent", "unreadable answer"]) {
            let check = if self.local.is_some() { "is it still running?" } else { "check the network and --region." };
            format!("{service} {place} cannot be reached ({operation} {how}); {check}")
        } else if has(&["Throttl", "ProvisionedThroughputExceeded", "RequestLimitExceeded"]) {
            format!("{service} {place} is busy ({how}); try again in a moment.")
        } else {
            format!("{service} {place} refused {operation} ({how}).")
        }
    }
}

/// Error codes of credentials that are wrong.
const BAD_CREDENTIALS: [&str; 8] = [
    "UnrecognizedClient",
    "InvalidClientTokenId",
    "InvalidSignature",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "InvalidAccessKeyId",
    "AuthFailure",
];

const QUEUE_OPERATIONS: [&str; 7] = [
    "SendMessage",
    "SendMessageBatch",
    "ReceiveMessage",
    "DeleteMessage",
    "GetQueueAttributes",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
];

fn named<'a>(value: Option<&'a String>, flag: &str, variable: &str, output: &str) -> Result<&'a str, OpsError> {
    value.map(String::as_str).filter(|value| !value.is_empty()).ok_or_else(|| {
        OpsError::Usage(format!(
            "Which stack? Give {flag} or set {variable} (the stack's output {output}), or give --local for the local service."
        ))
    })
}

/// The region in a queue's URL, `https://sqs.us-east-1.amazonaws.com/...`.
fn region_of(url: &str) -> Option<&str> {
    let host = url.strip_prefix("https://sqs.")?.split('/').next()?;
    host.split_once(".amazonaws.").map(|(region, _)| region)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build()
}

fn no_credentials(error: &CredentialsError) -> OpsError {
    OpsError::Unreachable(match error {
        CredentialsError::CredentialsNotLoaded(_) => "There are no AWS credentials: set AWS_PROFILE, or \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with `aws sso login`."
            .to_owned(),
        CredentialsError::InvalidConfiguration(_) => {
            "The AWS configuration cannot be used; check the profile and ~/.aws/config.".to_owned()
        }
        _ => "No AWS credentials could be fetched: log in with `aws sso login`, or set AWS_PROFILE, or \
              AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            .to_owned(),
    })
}

/// What the local service says of itself.
async fn ask(url: &str) -> Result<Value, OpsError> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build();
    let client = client.map_err(|_| OpsError::Unreachable("No HTTP client could be made.".to_owned()))?;
    let answer = client.get(format!("{url}/_local")).send().await.map_err(|error| {
        if error.is_builder() {
            return OpsError::Usage(format!(
                "`--local` must be a URL such as {}, not {url}.",
                crate::options::LOCAL_URL
            ));
        }
        OpsError::Unreachable(format!(
            "No local service answers at {url}; start one with `cargo run -p local`, or name its URL: --local=URL."
        ))
    })?;
    answer.json().await.map_err(|_| not_ours(url))
}

fn not_ours(url: &str) -> OpsError {
    OpsError::Unreachable(format!("What answers at {url} is not the local service of this release."))
}
