//! The functions by their names: the code that is deployed, called in this process.

use std::{sync::Arc, time::Duration};

use aws_lambda_events::{
    apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse},
    dynamodb,
    sqs::{SqsBatchResponse, SqsEvent},
    streams::DynamoDbEventResponse,
};
use shared::{
    aws::{dynamodb::DynamoDb, sqs::Sqs},
    domain::token::TokenSecrets,
    lambda::http::respond,
    outbound::{post::OutboundClient, provisioner::HttpProvisioner},
    ports::{Clock, PortError},
    use_case::{Service, Worker, rate_limit::RateLimits},
};
use uuid::Uuid;

/// How long a request may take; the deployed functions have their invocation's time.
const LONGEST: Duration = Duration::from_secs(10);

/// The functions behind the API.
const API: [&str; 14] = [
    "complete_order",
    "create_work_order",
    "get_work_order",
    "submit_payment",
    "get_products",
    "get_payment_methods",
    "get_bouquets",
    "send_payment_instructions",
    "create_activation",
    "create_renewal",
    "complete_pending_order",
    "get_order",
    "list_orders",
    "not_found",
];

/// What events need beside the store.
#[derive(Clone)]
pub struct Events {
    /// The queue of events.
    pub queue: Sqs,
    /// The queue of what could not be published.
    pub unpublished: Sqs,
    /// Posts to endpoints.
    pub sender: OutboundClient,
}

/// A consumer of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumer {
    /// Of the provisioning queue.
    Provision,
    /// Of the queue of events.
    DeliverEvents,
}

/// All functions, wired to the store and queue in this process.
#[derive(Clone)]
pub struct Functions {
    api: Service<DynamoDb, Sqs>,
    worker: Worker<DynamoDb, Sqs>,
    events: Events,
    provisioner: Option<HttpProvisioner>,
}

impl Functions {
    /// The functions over a store and its queues, and a provisioner if there is one.
    pub fn new(
        store: DynamoDb,
        queue: Sqs,
        events: Events,
        tokens: TokenSecrets,
        clock: Arc<dyn Clock>,
        limits: RateLimits,
        provisioner: Option<HttpProvisioner>,
    ) -> Self {
        Self {
            provisioner,
            api: Service {
                store: store.clone(),
                queue: queue.clone(),
                tokens,
                clock: clock.clone(),
                limits: limits.clone(),
            },
            worker: Worker { store, queue, tokens: (), clock, limits },
            events,
        }
    }

    /// What works without a caller.
    pub fn worker(&self) -> &Worker<DynamoDb, Sqs> {
        &self.worker
    }

    /// Is there a function of this name behind the API?
    pub fn answers(name: &str) -> bool {
        API.contains(&name)
    }

    /// Calls the function `name` with an event of the API.
    pub async fn call(&self, name: &str, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let id = Uuid::new_v4().to_string();
        let (api, worker) = (&self.api, &self.worker);
        match name {
            "complete_order" => {
                respond("complete_order", &id, event, LONGEST, &|r| complete_order::handle(api, r)).await
            }
            "create_work_order" => {
                respond("create_work_order", &id, event, LONGEST, &|r| create_work_order::handle(api, r)).await
            }
            "get_work_order" => {
                respond("get_work_order", &id, event, LONGEST, &|r| get_work_order::handle(api, r)).await
            }
            "submit_payment" => {
                respond("submit_payment", &id, event, LONGEST, &|r| submit_payment::handle(api, r)).await
            }
            "get_products" => respond("get_products", &id, event, LONGEST, &|r| get_products::handle(worker, r)).await,
            "get_payment_methods" => {
                respond("get_payment_methods", &id, event, LONGEST, &|r| get_payment_methods::handle(worker, r)).await
            }
            "get_bouquets" => respond("get_bouquets", &id, event, LONGEST, &|r| get_bouquets::handle(worker, r)).await,
            "send_payment_instructions" => {
                respond("send_payment_instructions", &id, event, LONGEST, &|r| {
                    send_payment_instructions::handle(worker, r)
                })
                .await
            }
            "create_activation" => {
                respond("create_activation", &id, event, LONGEST, &|r| create_activation::handle(worker, r)).await
            }
            "create_renewal" => {
                respond("create_renewal", &id, event, LONGEST, &|r| create_renewal::handle(worker, r)).await
            }
            "complete_pending_order" => {
                respond("complete_pending_order", &id, event, LONGEST, &|r| complete_pending_order::handle(worker, r))
                    .await
            }
            "get_order" => respond("get_order", &id, event, LONGEST, &|r| get_order::handle(worker, r)).await,
            "list_orders" => respond("list_orders", &id, event, LONGEST, &|r| list_orders::handle(worker, r)).await,
            _ => respond("not_found", &id, event, LONGEST, &|r| async move { not_found::handle(&r) }).await,
        }
    }

    /// Calls a queue's consumer.
    pub async fn consume(&self, consumer: Consumer, event: SqsEvent, timeout: Duration) -> SqsBatchResponse {
        match consumer {
            Consumer::Provision => self.provision(event, timeout).await,
            Consumer::DeliverEvents => self.deliver_events(event).await,
        }
    }

    /// Calls the consumer of the queue of events.
    pub async fn deliver_events(&self, event: SqsEvent) -> SqsBatchResponse {
        let Events { queue, sender, .. } = &self.events;
        let (store, clock) = (&self.worker.store, self.worker.clock.as_ref());
        deliver_events::handle(store, queue, sender, clock, event, &Uuid::new_v4().to_string()).await
    }

    /// Calls the consumer of the table's stream.
    pub async fn publish_events(&self, event: dynamodb::Event) -> DynamoDbEventResponse {
        let Events { queue, unpublished, .. } = &self.events;
        publish_events::handle(&self.worker.store, queue, unpublished, event, &Uuid::new_v4().to_string()).await
    }

    /// Calls the provisioning queue's consumer.
    pub async fn provision(&self, event: SqsEvent, timeout: Duration) -> SqsBatchResponse {
        let started = std::time::Instant::now();
        let time_left = || timeout.saturating_sub(started.elapsed());
        provision::handle(&self.worker, &self.provisioner, event, &Uuid::new_v4().to_string(), &time_left).await
    }

    /// Calls the schedule's function.
    pub async fn sweep(&self) -> Result<(), PortError> {
        sweep::handle(&self.worker, &Uuid::new_v4().to_string()).await
    }
}
