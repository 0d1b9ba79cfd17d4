//! The functions by their names: the code that is deployed, called in this process.

use std::time::Duration;

use aws_lambda_events::{
    apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse},
    dynamodb,
    sqs::{SqsBatchResponse, SqsEvent},
    streams::DynamoDbEventResponse,
};
use shared::{
    aws::{dynamodb::DynamoDb, sqs::Sqs},
    domain::token::TokenSecrets,
    lambda::{http::respond, reply::Reply},
    outbound::{post::OutboundClient, provisioner::HttpProvisioner},
    ports::{Catalogue, KeyBindings, Listing, Lookup, Numbers, Orders, PortError, Queue},
    use_case::context::Context,
};
use uuid::Uuid;

/// How long a request may take; the deployed functions have their invocation's time.
const LONGEST: Duration = Duration::from_secs(10);

/// Registers the functions behind the API: each by its crate's name, with what its `handle` takes beside the request. The
/// default route's, `not_found`, needs nothing.
macro_rules! api {
    ($context:ident, $tokens:ident: $($name:ident($($with:ident),+)),+ $(,)?) => {
        /// The functions behind the API by their names, but for the default route's.
        pub const API: &[&str] = &[$(stringify!($name)),+];

        /// Calls the function `name` behind the API with an event; one that is not registered is the default route's.
        /// Work that is not done within `time` is dropped.
        pub async fn call<S, Q>(
            $context: &Context<S, Q>,
            $tokens: &TokenSecrets,
            name: &str,
            request_id: &str,
            event: ApiGatewayV2httpRequest,
            time: Duration,
        ) -> ApiGatewayV2httpResponse
        where
            S: Lookup + Orders + Numbers + KeyBindings + Listing + Catalogue,
            Q: Queue,
        {
            match name {
                $(stringify!($name) => {
                    let handle = |request| $name::handle($($with,)+ request);
                    respond(stringify!($name), request_id, event, time, &handle).await
                })+
                _ => {
                    let handle = |request| async move { Ok::<_, Reply>(not_found::handle(&request)) };
                    respond("not_found", request_id, event, time, &handle).await
                }
            }
        }
    };
}

api! {
    context, tokens:
    complete_order(context, tokens),
    complete_pending_order(context),
    create_activation(context),
    create_renewal(context),
    create_work_order(context, tokens),
    get_bouquets(context),
    get_order(context),
    get_payment_methods(context),
    get_products(context),
    get_work_order(context, tokens),
    list_orders(context),
    send_payment_instructions(context),
    submit_payment(context, tokens),
}

/// The functions that are not behind the API, and the default route's.
const OTHERS: [&str; 5] = ["deliver_events", "not_found", "provision", "publish_events", "sweep"];

/// The crates whose log events are written: every function's, and this one.
pub fn crates() -> impl Iterator<Item = &'static str> {
    API.iter().copied().chain(OTHERS).chain(["local", "work_orders"])
}

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
    context: Context<DynamoDb, Sqs>,
    tokens: TokenSecrets,
    events: Events,
    provisioner: Option<HttpProvisioner>,
}

impl Functions {
    /// The functions over a store and its queues, and a provisioner if there is one.
    pub fn new(
        context: Context<DynamoDb, Sqs>,
        tokens: TokenSecrets,
        events: Events,
        provisioner: Option<HttpProvisioner>,
    ) -> Self {
        Self { context, tokens, events, provisioner }
    }

    /// What they work with.
    pub fn context(&self) -> &Context<DynamoDb, Sqs> {
        &self.context
    }

    /// Calls the function `name` behind the API with an event.
    pub async fn call(&self, name: &str, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let request_id = Uuid::new_v4().to_string();
        // Boxed: one future of all that any action can await is large.
        Box::pin(call(&self.context, &self.tokens, name, &request_id, event, LONGEST)).await
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
        let (store, clock) = (&self.context.store, self.context.clock.as_ref());
        deliver_events::handle(store, queue, sender, clock, event, &Uuid::new_v4().to_string()).await
    }

    /// Calls the consumer of the table's stream.
    pub async fn publish_events(&self, event: dynamodb::Event) -> DynamoDbEventResponse {
        let Events { queue, unpublished, .. } = &self.events;
        publish_events::handle(&self.context.store, queue, unpublished, event, &Uuid::new_v4().to_string()).await
    }

    /// Calls the provisioning queue's consumer.
    pub async fn provision(&self, event: SqsEvent, timeout: Duration) -> SqsBatchResponse {
        let started = std::time::Instant::now();
        let time_left = || timeout.saturating_sub(started.elapsed());
        provision::handle(&self.context, &self.provisioner, event, &Uuid::new_v4().to_string(), &time_left).await
    }

    /// Calls the schedule's function.
    pub async fn sweep(&self) -> Result<(), PortError> {
        sweep::handle(&self.context, &Uuid::new_v4().to_string()).await
    }
}
