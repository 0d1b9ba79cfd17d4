//! Starting and stopping the whole service.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use aws_sdk_dynamodb::config::{Credentials, SharedHttpClient};
use dynoxide::Database;
use local_sqs::Queues;
use shared::{
    aws::{
        clients::{Aws, http_client},
        dynamodb::{CACHE_FOR, DynamoDb},
        sqs::Sqs,
    },
    domain::{api_key::KeyHash, time::Timestamp},
    outbound::{address_policy::AddressPolicy, post::OutboundClient, provisioner::HttpProvisioner},
    ports::{Clock, Lookup, LookupKeys, SystemClock},
    use_case::{context::Context, operator::seed, provisioning::sweep, rate_limit::RateLimits},
    wire::seed_file,
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::{
    api_gateway::ApiGateway,
    error::StartError,
    functions::{API, Consumer, Events, Functions},
    local_endpoints::LocalEndpoints,
    poller::{EVENT_POLLERS, POLLERS, Poller},
    queues::{self, QueueUrls, REGION},
    secret,
    store::{self, DataFolder, TABLE},
    stream::{KeptPlace, StreamPoller},
    template::Template,
};

/// The key of the demo catalogue.
pub const DEMO_KEY: &str = "demo-key-for-this-machine-only";
/// The demo catalogue, a seed file.
pub const DEMO: &str = include_str!("../demo.json");
/// How long a client may take to send a body.
pub const SLOWEST_BODY: Duration = Duration::from_secs(30);
/// How to start it.
pub struct Options {
    /// Address to listen at.
    pub host: IpAddr,
    /// Port; 0: any that is free.
    pub port: u16,
    /// Address of the DynamoDB and SQS endpoints.
    pub endpoints_host: IpAddr,
    /// Port of the DynamoDB endpoint; 0: any that is free.
    pub dynamodb_port: u16,
    /// Port of the SQS endpoint; 0: any that is free.
    pub sqs_port: u16,
    /// Folder to keep data in; none: in memory.
    pub data: Option<PathBuf>,
    /// The text of a seed file; none: the demo catalogue, in a store that is new.
    pub seed: Option<Vec<u8>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long keys and catalogue entries are remembered.
    pub cache_for: Duration,
    /// Requests a second and key; 0: as many as come.
    pub key_rate: u32,
    /// How long a client may take to send a body.
    pub slowest_body: Duration,
    /// The HTTP client that the functions call DynamoDB and SQS with; tests put faults into it.
    pub http: Option<SharedHttpClient>,
    /// The provisioner that serves the lines; none: the lines here are the record.
    pub provisioner: Option<HttpProvisioner>,
    /// Are queue and schedule worked off? Tests may do so themselves.
    pub background: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 9000,
            endpoints_host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            dynamodb_port: 0,
            sqs_port: 0,
            data: None,
            seed: None,
            clock: Arc::new(SystemClock),
            cache_for: CACHE_FOR,
            key_rate: 0,
            slowest_body: SLOWEST_BODY,
            http: None,
            provisioner: None,
            background: true,
        }
    }
}

/// A running service.
pub struct Local {
    /// Where the API listens.
    pub url: String,
    /// What the template says.
    pub template: Template,
    /// The functions.
    pub functions: Functions,
    /// The functions' store.
    pub store: DynamoDb,
    /// Clients of the endpoints in this process, without the faults that tests may put in.
    pub aws: Aws,
    /// The provisioning queue.
    pub queue_url: String,
    /// Where messages rest that were delivered too often.
    pub dead_letter_url: String,
    /// The queue of events.
    pub events_url: String,
    /// Where events rest that were tried too often.
    pub events_dead_letter_url: String,
    /// Where what rests of the table's stream that could not be published.
    pub unpublished_url: String,
    /// The consumer of the table's stream.
    pub stream: StreamPoller,
    /// Does the demo key open it?
    pub has_demo_key: bool,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Local {
    /// Starts everything; nothing runs if anything cannot.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let template = Template::read().map_err(|fault| StartError::new(fault.to_string()))?;
        let seed = match &options.seed {
            Some(text) => Some(
                seed_file::parse(text)
                    .map_err(|fault| StartError::new(format!("the seed file cannot be used: {fault}")))?,
            ),
            None => None,
        };
        // The port first: that it is taken is the likeliest fault, and nothing is made before it is ours.
        let listener = listen(SocketAddr::new(options.host, options.port)).await?;
        let folder = options.data.as_deref().map(DataFolder::open).transpose()?;
        let database = store::open(folder.as_ref())?;
        let kept_place = folder.as_ref().map(|folder| KeptPlace::read(folder.file("events-place")));
        let tokens = secret::tokens(folder.as_ref())?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();

        let inner = listen(SocketAddr::new(options.endpoints_host, options.dynamodb_port)).await?;
        let dynamodb_endpoint = endpoint(&inner)?;
        tasks.spawn(serve_database(inner, database.clone(), folder, wait(stopped.clone())));

        let queues = queues::make(&template)?;
        let inner = listen(SocketAddr::new(options.endpoints_host, options.sqs_port)).await?;
        let sqs_endpoint = endpoint(&inner)?;
        tasks.spawn(serve_queues(inner, queues, wait(stopped.clone())));

        let aws = Aws {
            http: http_client(),
            region: REGION.to_owned(),
            credentials: Credentials::new("local", "local", None, None, "local"),
            dynamodb_endpoint: Some(dynamodb_endpoint.clone()),
            sqs_endpoint: Some(sqs_endpoint.clone()),
        };
        let called = Aws { http: options.http.unwrap_or_else(|| aws.http.clone()), ..aws.clone() };
        let new = store::make_table(&aws.dynamodb(), &template.table).await?;
        let plain = DynamoDb::with(aws.dynamodb(), TABLE, options.clock.clone(), Duration::ZERO);
        fill(&plain, seed, new, options.clock.now()).await?;
        let has_demo_key = knows(&plain, DEMO_KEY, options.clock.as_ref()).await?;

        let store = DynamoDb::with(called.dynamodb(), TABLE, options.clock.clone(), options.cache_for);
        let urls = QueueUrls::of(&sqs_endpoint);
        let (queue, events) = (Sqs::new(called.sqs(), &urls.provision), events(&called, &urls));
        let context = Context {
            store: store.clone(),
            queue,
            clock: options.clock.clone(),
            limits: RateLimits::per_second(options.key_rate),
        };
        let functions = Functions::new(context, tokens, events, options.provisioner);
        let stream = StreamPoller::open(
            database,
            template.stream.clone(),
            functions.clone(),
            (aws.sqs(), urls.unpublished.clone()),
            kept_place.as_ref().and_then(KeptPlace::place),
        )?;

        let local_endpoints = LocalEndpoints::of(REGION, TABLE, dynamodb_endpoint, sqs_endpoint, &urls);
        let gateway = ApiGateway {
            functions: functions.clone(),
            routes: template.routes.clone(),
            default_function: template.default_function.clone(),
            local_endpoints,
            clock: options.clock.clone(),
            slowest_body: options.slowest_body,
        };
        check_functions(&template)?;
        let url = endpoint(&listener)?;
        let end = wait(stopped.clone());
        tasks.spawn(async move {
            let served = axum::serve(listener, gateway.service()).with_graceful_shutdown(end).await;
            if let Err(cause) = served {
                tracing::error!(%cause, "the API stopped");
            }
        });
        let mut local = Self {
            url,
            template,
            functions,
            store,
            aws,
            queue_url: urls.provision,
            dead_letter_url: urls.dead_letters,
            events_url: urls.events,
            events_dead_letter_url: urls.events_dead_letters,
            unpublished_url: urls.unpublished,
            stream,
            has_demo_key,
            stop,
            tasks,
        };
        if options.background {
            local.run_background(&stopped).await?;
            local.run_events(kept_place, &stopped);
        }
        Ok(local)
    }

    /// The consumers of the table's stream and of the queue of events.
    fn run_events(&mut self, kept_place: Option<KeptPlace>, stopped: &watch::Receiver<bool>) {
        let polling = self.stream.clone().run();
        self.spawn(polling, stopped);
        for _ in 0..EVENT_POLLERS {
            let polling = self.event_poller().run();
            self.spawn(polling, stopped);
        }
        if let Some(kept_place) = kept_place {
            let following = kept_place.follow(self.stream.clone(), self.aws.sqs(), self.events_url.clone());
            self.spawn(following, stopped);
        }
    }

    /// Runs `work` until it or the service ends.
    fn spawn(&mut self, work: impl Future<Output = ()> + Send + 'static, stopped: &watch::Receiver<bool>) {
        let end = wait(stopped.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = work => {}
                () = end => {}
            }
        });
    }

    /// The provisioning queue's consumer and the schedule.
    async fn run_background(&mut self, stopped: &watch::Receiver<bool>) -> Result<(), StartError> {
        // The queue is new and empty: whatever is queued in the store has lost its message.
        sweep::refill(self.functions.context())
            .await
            .map_err(|cause| StartError::new(format!("queued orders could not be sent again: {cause}")))?;
        for _ in 0..POLLERS {
            let polling = self.poller().run();
            self.spawn(polling, stopped);
        }
        let functions = self.functions.clone();
        let every = Duration::from_secs(60 * self.template.sweep_minutes);
        let schedule = async move {
            loop {
                tokio::time::sleep(every).await;
                // Its own log line tells.
                let _logged = functions.sweep().await;
            }
        };
        self.spawn(schedule, stopped);
        Ok(())
    }

    /// A consumer of the provisioning queue, as the background runs several.
    pub fn poller(&self) -> Poller {
        Poller {
            client: self.aws.sqs(),
            url: self.queue_url.clone(),
            queue: self.template.queue.clone(),
            consumer: Consumer::Provision,
            functions: self.functions.clone(),
        }
    }

    /// A consumer of the queue of events, as the background runs several.
    pub fn event_poller(&self) -> Poller {
        Poller {
            client: self.aws.sqs(),
            url: self.events_url.clone(),
            queue: self.template.events.clone(),
            consumer: Consumer::DeliverEvents,
            functions: self.functions.clone(),
        }
    }

    /// Stops: requests under way are answered, then everything ends.
    pub async fn stop(mut self) {
        const LONGEST: Duration = Duration::from_secs(10);
        let _nobody_listens = self.stop.send(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(LONGEST, all).await.is_err() {
            tracing::warn!("stopped with connections open");
        }
    }
}

async fn serve_database(
    listener: TcpListener,
    database: Database,
    folder: Option<DataFolder>,
    end: impl Future<Output = ()> + Send + 'static,
) {
    if let Err(cause) = dynoxide::server::serve_with_shutdown(listener, database, end).await {
        tracing::error!(%cause, "the database stopped");
    }
    // Until the last connection is closed, nobody else may open the folder.
    drop(folder);
}

async fn serve_queues(listener: TcpListener, queues: Queues, end: impl Future<Output = ()> + Send + 'static) {
    if let Err(cause) = local_sqs::serve(listener, queues, end).await {
        tracing::error!(%cause, "the queue stopped");
    }
}

async fn wait(mut stopped: watch::Receiver<bool>) {
    // An error means that the service itself is gone, which is an end as well.
    let _gone = stopped.wait_for(|stopped| *stopped).await;
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|cause| match cause.kind() {
        std::io::ErrorKind::AddrInUse => StartError::new(format!("port {} is in use; choose another", address.port())),
        _ => StartError::new(format!("cannot listen at {address}: {cause}")),
    })
}

fn endpoint(listener: &TcpListener) -> Result<String, StartError> {
    let address = listener.local_addr().map_err(|cause| StartError::new(format!("no address: {cause}")))?;
    Ok(format!("http://{address}"))
}

/// Applies the seed file, or to a new store without one the demo catalogue.
async fn fill(store: &DynamoDb, seed: Option<seed::Seed>, new: bool, now: Timestamp) -> Result<(), StartError> {
    let seed = match seed {
        None if new => {
            Some(seed_file::parse(DEMO.as_bytes()).map_err(|fault| StartError::new(format!("demo.json: {fault}")))?)
        }
        seed => seed,
    };
    if let Some(seed) = seed {
        seed::apply(store, seed, "seed", now)
            .await
            .map_err(|refusal| StartError::new(format!("the seed file cannot be used: {refusal}")))?;
    }
    Ok(())
}

async fn knows(store: &DynamoDb, secret: &str, clock: &dyn Clock) -> Result<bool, StartError> {
    let hash = KeyHash::of(secret);
    let lookup_keys = LookupKeys { key: Some(hash.clone()), ..LookupKeys::default() };
    let found =
        store.look_up(&lookup_keys).await.map_err(|cause| StartError::new(format!("the database failed: {cause}")))?;
    Ok(found.key.is_some_and(|key| key.admits(&hash, clock.now())))
}

/// Every route of the template leads to a function that is registered.
fn check_functions(template: &Template) -> Result<(), StartError> {
    match template.routes.iter().map(|route| &route.function).find(|name| !API.contains(&name.as_str())) {
        Some(name) => Err(StartError::new(format!("template.yaml: there is no function {name} here"))),
        None => Ok(()),
    }
}

/// What the functions of events work with.
fn events(called: &Aws, urls: &QueueUrls) -> Events {
    Events {
        queue: Sqs::new(called.sqs(), &urls.events),
        unpublished: Sqs::new(called.sqs(), &urls.unpublished),
        // Receivers that are being developed are on this machine as well.
        sender: OutboundClient::new(AddressPolicy::Any),
    }
}
