//! The functions by their names: the code that is deployed, called in this process.

use std::{sync::Arc, time::Duration};

use aws_lambda_events::{
    apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse},
    sqs::{SqsBatchResponse, SqsEvent},
};
use shared::{
    domain::token::TokenSecrets,
    dynamodb::DynamoDb,
    lambda::http::respond,
    ports::{Clock, NoQueue, PortError},
    sqs::Sqs,
    use_case::{Service, Worker},
};
use uuid::Uuid;

/// All functions, wired to the store and queue in this process.
#[derive(Clone)]
pub struct Functions {
    api: Service<DynamoDb, Sqs>,
    unqueued: Service<DynamoDb, NoQueue>,
    worker: Worker<DynamoDb, Sqs>,
}

impl Functions {
    /// The functions over a store and a queue.
    pub fn new(store: DynamoDb, queue: Sqs, tokens: TokenSecrets, clock: Arc<dyn Clock>) -> Self {
        Self {
            api: Service {
                store: store.clone(),
                queue: queue.clone(),
                tokens: tokens.clone(),
                clock: clock.clone(),
            },
            unqueued: Service {
                store: store.clone(),
                queue: NoQueue,
                tokens,
                clock: clock.clone(),
            },
            worker: Worker {
                store,
                queue,
                tokens: (),
                clock,
            },
        }
    }

    /// What works without a caller.
    pub fn worker(&self) -> &Worker<DynamoDb, Sqs> {
        &self.worker
    }

    /// Is there a function of this name behind the API?
    pub fn answers(name: &str) -> bool {
        ["complete_order", "create_work_order", "get_work_order", "not_found"].contains(&name)
    }

    /// Calls the function `name` with an event of the API.
    pub async fn call(&self, name: &str, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let id = Uuid::new_v4().to_string();
        match name {
            "complete_order" => respond("complete_order", &id, event, &|r| complete_order::handle(&self.api, r)).await,
            "create_work_order" => {
                respond("create_work_order", &id, event, &|r| {
                    create_work_order::handle(&self.unqueued, r)
                })
                .await
            }
            "get_work_order" => respond("get_work_order", &id, event, &|r| get_work_order::handle(&self.api, r)).await,
            _ => respond("not_found", &id, event, &|r| async move { not_found::handle(&r) }).await,
        }
    }

    /// Calls the queue's consumer.
    pub async fn provision(&self, event: SqsEvent, timeout: Duration) -> SqsBatchResponse {
        let started = std::time::Instant::now();
        let time_left = || timeout.saturating_sub(started.elapsed());
        provision::handle(&self.worker, event, &Uuid::new_v4().to_string(), &time_left).await
    }

    /// Calls the schedule's function.
    pub async fn sweep(&self) -> Result<(), PortError> {
        sweep::handle(&self.worker, &Uuid::new_v4().to_string()).await
    }
}
