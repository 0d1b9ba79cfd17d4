//! Where the suite runs.

use std::{env, time::Duration};

use aws_sdk_dynamodb::config::Credentials;
use local::{Local, Options};
use shared::{
    aws::{
        clients::{Aws, http_client},
        dynamodb::DynamoDb,
    },
    ports::SystemClock,
};

fn store(aws: &Aws) -> DynamoDb {
    DynamoDb::with(aws.dynamodb(), local::store::TABLE, std::sync::Arc::new(SystemClock), Duration::ZERO)
}

/// The embedded DynamoDB and the SQS in process.
pub(crate) struct Embedded(Local);

impl Embedded {
    pub(crate) async fn start() -> Self {
        // Without a seed nothing has begun the count.
        let options = Options { port: 0, background: false, seed: Some(b"{}".to_vec()), ..Options::default() };
        Self(Local::start(options).await.unwrap())
    }

    /// A store of its own, as another environment would have: it shares no memory with the others.
    pub(crate) fn store(&self) -> DynamoDb {
        store(&self.0.aws)
    }

    pub(crate) fn aws(&self) -> Aws {
        self.0.aws.clone()
    }

    pub(crate) fn queue_url(&self) -> String {
        self.0.queue_url.clone()
    }

    pub(crate) async fn stop(self) {
        self.0.stop().await;
    }
}

/// Endpoints that the environment names.
pub(crate) struct Named {
    pub(crate) aws: Aws,
    pub(crate) queue_url: String,
}

impl Named {
    pub(crate) async fn from_env() -> Option<Self> {
        let aws = Aws {
            http: http_client(),
            region: "us-east-1".to_owned(),
            credentials: Credentials::new("test", "test", None, None, "test"),
            dynamodb_endpoint: Some(env::var("PORTS_DYNAMODB_ENDPOINT").ok()?),
            sqs_endpoint: Some(env::var("PORTS_SQS_ENDPOINT").expect("both endpoints are named")),
        };
        let table = local::template::Template::read().unwrap().table;
        local::store::make_table(&aws.dynamodb(), &table).await.expect("the table");
        let queue = aws.sqs().create_queue().queue_name("ports-suite").send().await.expect("the queue");
        Some(Self { aws, queue_url: queue.queue_url.expect("its URL") })
    }

    pub(crate) fn store(&self) -> DynamoDb {
        store(&self.aws)
    }
}
