//! `cargo run -p local`: the whole service on this machine.
#![allow(clippy::print_stdout, reason = "a command-line program's output")]

use std::{net::IpAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};
use local::{DEMO_KEY, Local, Options, StartError, functions};
use shared::{
    lambda::{logs, metrics},
    outbound::{
        address_policy::AddressPolicy, post::OutboundClient, provisioner::HttpProvisioner, sign::SigningSecrets,
        url::OutboundUrl,
    },
};
use tracing_subscriber::{Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// The order back end on one machine: API, provisioning, queue and database in one process.
#[derive(Parser)]
#[command(name = "work-orders", version)]
struct Arguments {
    /// Port to listen at; 0 takes any that is free
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// Address to listen at; others than 127.0.0.1 let the network in
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Address of the DynamoDB and SQS endpoints, for functions that run outside of this process
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    endpoints_host: IpAddr,
    /// Port of the DynamoDB endpoint; 0 takes any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    dynamodb_port: u16,
    /// Port of the SQS endpoint; 0 takes any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    sqs_port: u16,
    /// Folder to keep the data in; without it, data is kept in memory and gone at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Seed file with your own catalogue, keys and lines; without it, a demo catalogue
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// Requests a second that one key may send, and five times as many at once; 0 for no limit
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    key_rate: u32,
    /// Begin with nothing: no catalogue, no key, the first order is number 1
    #[arg(long, conflicts_with = "seed")]
    no_seed: bool,
    /// URL of the provisioner that serves the lines, or of infra/example_provisioner; without it, the lines here are the record. Addresses
    /// of this machine and its network, and http://, are allowed
    #[arg(long, value_name = "URL", requires = "provisioner_secret")]
    provisioner_url: Option<String>,
    /// What calls of the provisioner are signed with: whsec_ and Base64
    #[arg(long, value_name = "SECRET", env = "PROVISIONER_SECRET", hide_env_values = true)]
    provisioner_secret: Option<String>,
    /// How to write the log: for people, or as the deployed functions write it, metrics included
    #[arg(long, value_enum, default_value_t = Log::Text)]
    log: Log,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Log {
    Text,
    Json,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    set_up_log(arguments.log);
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("local: {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), StartError> {
    let nothing = arguments.no_seed.then(|| Ok(b"{}".to_vec()));
    let seed = nothing.or_else(|| {
        let file = arguments.seed?;
        Some(
            std::fs::read(&file)
                .map_err(|cause| StartError::new(format!("the seed file {} cannot be read: {cause}", file.display()))),
        )
    });
    let options = Options {
        provisioner: provisioner(arguments.provisioner_url, arguments.provisioner_secret)?,
        host: arguments.host,
        port: arguments.port,
        endpoints_host: arguments.endpoints_host,
        dynamodb_port: arguments.dynamodb_port,
        sqs_port: arguments.sqs_port,
        data: arguments.data,
        key_rate: arguments.key_rate,
        seed: seed.transpose()?,
        ..Options::default()
    };
    let end = end_signal()?;
    let local = Local::start(options).await?;
    println!("Listening at {}", local.url);
    println!("DynamoDB at   {}", local.aws.dynamodb_endpoint.as_deref().unwrap_or_default());
    println!("SQS at        {}", local.aws.sqs_endpoint.as_deref().unwrap_or_default());
    if local.has_demo_key {
        println!("{}", welcome(&local.url));
    } else {
        println!("Operate with  ops --local={} (cargo run -p ops)", local.url);
    }
    end.await;
    println!("Stopping.");
    local.stop().await;
    Ok(())
}

fn provisioner(url: Option<String>, secret: Option<String>) -> Result<Option<HttpProvisioner>, StartError> {
    let Some((url, secret)) = url.zip(secret) else { return Ok(None) };
    let refuse = |name: &str, rule: &str| StartError::new(format!("{name} {rule}"));
    // One machine, one person: the provisioner may well run beside.
    let policy = AddressPolicy::Any;
    let endpoint = OutboundUrl::parse(&url, policy).map_err(|why| refuse("--provisioner-url", why.rule()))?;
    let secrets = SigningSecrets::parse(&secret).map_err(|why| refuse("--provisioner-secret", why.rule()))?;
    Ok(Some(HttpProvisioner { client: OutboundClient::new(policy), endpoint, secrets }))
}

fn welcome(url: &str) -> String {
    format!(
        r#"API key:     {DEMO_KEY}

Complete an order:

  curl -sS '{url}/api/complete_order' -H 'X-Panelr-API-Key: {DEMO_KEY}' \
    -H 'Content-Type: application/json' \
    -d '{{"customer_email":"john@example.com","payment_method_id":1,"items":[{{"product_id":1,"intent":"new_activation"}}]}}'

Look at it (put in the reference_code of the reply):

  curl -sS '{url}/api/get_work_order?ref=WO-2026-00042&email=john@example.com' -H 'X-Panelr-API-Key: {DEMO_KEY}'
"#
    )
}

/// A line for each request and each order, by the same events that the functions log.
fn set_up_log(log: Log) {
    let json = (log == Log::Json).then(|| logs::json_layer().with_filter(logs::filter(functions::crates())));
    let text = (log == Log::Text)
        .then(|| fmt::layer().compact().with_target(false).with_filter(logs::filter(functions::crates())));
    tracing_subscriber::registry().with(json).with(text).init();
    if log == Log::Json {
        metrics::enable();
    }
}

/// Ends on Ctrl-C and, where there is one, on SIGTERM.
fn end_signal() -> Result<impl Future<Output = ()>, StartError> {
    let refuse = |cause: std::io::Error| StartError::new(format!("signals cannot be waited for: {cause}"));
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(refuse)?;
    Ok(async move {
        let interrupt = tokio::signal::ctrl_c();
        #[cfg(unix)]
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ended = interrupt.await;
    })
}
