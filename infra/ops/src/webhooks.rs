//! `ops webhooks`: endpoints that are told of orders (infra/docs/webhooks.md).

use clap::Subcommand;
use serde_json::{Value, json};
use shared::{
    domain::{
        event::EventKind,
        time::{to_sortable, to_wire},
        webhook::{WebhookEndpoint, WebhookEndpointId, WebhookSecret},
    },
    outbound::{address_policy::AddressPolicy, post::OutboundClient, sign::SigningSecrets, url::OutboundUrl},
    ports::{Insert, WebhookEndpoints, WebhookSender},
    use_case::webhooks::deliver_events::PATIENCE,
    wire::webhook,
};
use uuid::Uuid;

use crate::{
    context::Context,
    error::{Ended, OpsError},
    mask::Reveal,
    output::{Tone, plain},
};

/// What is done with endpoints.
#[derive(Subcommand)]
pub enum Command {
    /// Add an endpoint; the secret that signs what it gets is shown this once
    Add {
        /// Where events are posted, `https://…`; on the local service this machine's addresses are allowed
        url: String,
        /// A kind of event that it wants, several times for several; all, if none is named
        #[arg(long = "event", value_name = "KIND", value_parser = kind)]
        events: Vec<EventKind>,
        /// Allow a private address and http://, where the stack does (its parameter EventsAllowPrivate)
        #[arg(long)]
        allow_private: bool,
    },
    /// List the endpoints
    List {
        /// Show whole URLs: path and query may hold secrets
        #[arg(long)]
        reveal: bool,
    },
    /// Remove an endpoint; events that wait for it are dropped
    Remove {
        /// Its id, `ep_…`
        endpoint: String,
    },
    /// Post a signed test event to an endpoint from this machine, and say what it answers
    Test {
        /// Its id, `ep_…`
        endpoint: String,
    },
}

fn kind(text: &str) -> Result<EventKind, String> {
    let known = || EventKind::ALL.map(EventKind::as_str).join(", ");
    EventKind::parse(text).ok_or_else(|| format!("must be one of {}", known()))
}

/// Runs a command.
pub async fn run(context: &Context, command: Command) -> Result<Ended, OpsError> {
    match command {
        Command::Add { url, events, allow_private } => add(context, &url, events, allow_private).await,
        Command::List { reveal } => list(context, Reveal(reveal)).await,
        Command::Remove { endpoint } => remove(context, &WebhookEndpointId(endpoint)).await,
        Command::Test { endpoint } => test(context, &WebhookEndpointId(endpoint)).await,
    }
}

async fn add(context: &Context, url: &str, events: Vec<EventKind>, allow_private: bool) -> Result<Ended, OpsError> {
    let policy =
        if allow_private || context.connection.local.is_some() { AddressPolicy::Any } else { AddressPolicy::Public };
    OutboundUrl::parse(url, policy).map_err(|rule| OpsError::Usage(format!("`URL` {rule}.")))?;
    let secret =
        SigningSecrets::random_text().map_err(|_| OpsError::refused("The operating system gave no random numbers."))?;
    let digits: String = Uuid::new_v4().simple().to_string().chars().take(12).collect();
    let endpoint = WebhookEndpoint {
        id: WebhookEndpointId(format!("ep_{digits}")),
        url: url.trim().to_owned(),
        events: events.into_iter().collect(),
        secret: WebhookSecret(secret.clone()),
        created_at: context.now(),
        disabled: false,
    };
    if let Insert::AlreadyExists(_) = context.store().add_endpoint(&endpoint).await? {
        return Err(OpsError::refused("The id that was drawn is taken; try again."));
    }
    if context.out.json {
        let mut value = as_json(&endpoint, Reveal(true));
        value["secret"] = json!(secret);
        context.out.value(&value);
    } else {
        context.out.line(format!(
            "Added {}. It is told from within five seconds on. Its secret, shown this once:",
            endpoint.id
        ));
        context.out.line(secret);
    }
    Ok(Ended::Done)
}

async fn list(context: &Context, reveal: Reveal) -> Result<Ended, OpsError> {
    let mut endpoints = context.store().endpoints().await?;
    endpoints.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
    if context.out.json {
        let endpoints: Vec<Value> = endpoints.iter().map(|endpoint| as_json(endpoint, reveal)).collect();
        context.out.value(&json!({ "webhooks": endpoints }));
    } else if endpoints.is_empty() {
        context.out.line("There are no endpoints. Add one: ops webhooks add URL");
    } else {
        let rows = endpoints.iter().map(|endpoint| {
            let state = if endpoint.disabled { ("off", Tone::Waits) } else { ("on", Tone::Good) };
            vec![
                plain(&endpoint.id),
                plain(shown(endpoint, reveal)),
                plain(wanted(endpoint)),
                plain(to_wire(endpoint.created_at)),
                (state.0.to_owned(), state.1),
            ]
        });
        context.out.table(&["ENDPOINT", "URL", "EVENTS", "ADDED", "STATE"], rows.collect());
    }
    Ok(Ended::Done)
}

async fn remove(context: &Context, id: &WebhookEndpointId) -> Result<Ended, OpsError> {
    let endpoint = find(context, id).await?;
    let url = shown(&endpoint, Reveal(false));
    context.confirm(&format!("{id} at {url} will be told of nothing any more; what waits for it is dropped."))?;
    if !context.store().remove_endpoint(id).await? {
        return Err(unknown(id));
    }
    if context.out.json {
        context.out.value(&json!({ "id": id, "removed": true }));
    } else {
        context.out.line(format!("Removed {id}."));
    }
    Ok(Ended::Done)
}

async fn test(context: &Context, id: &WebhookEndpointId) -> Result<Ended, OpsError> {
    let endpoint = find(context, id).await?;
    // An operator's machine may well be where a private receiver is.
    let sender = OutboundClient::new(AddressPolicy::Any);
    let (event, now) = (format!("evt_test_{}", Uuid::new_v4().simple()), context.now());
    let answer = WebhookSender::post(&sender, &endpoint, &event, &webhook::test_body(now), now, PATIENCE).await;
    let (taken, said) = match &answer {
        Ok(status) => (true, format!("took the test event {event}: {status}")),
        Err(error) => (false, format!("did not take the test event {event}: {error}")),
    };
    if context.out.json {
        let (status, cause) = (answer.as_ref().ok(), answer.as_ref().err().map(ToString::to_string));
        context.out.value(&json!({ "id": id, "event": event, "taken": taken, "status": status, "cause": cause }));
    } else {
        context.out.line(format!("{id} {said}."));
    }
    Ok(if taken { Ended::Done } else { Ended::Short })
}

async fn find(context: &Context, id: &WebhookEndpointId) -> Result<WebhookEndpoint, OpsError> {
    context.store().endpoint(id).await?.ok_or_else(|| unknown(id))
}

fn unknown(id: &WebhookEndpointId) -> OpsError {
    OpsError::Refused(format!("There is no endpoint {id}."))
}

/// Path and query may hold a secret of the receiver's.
fn shown(endpoint: &WebhookEndpoint, reveal: Reveal) -> String {
    if reveal.0 {
        return endpoint.url.clone();
    }
    let origin = OutboundUrl::parse(&endpoint.url, AddressPolicy::Any)
        .map_or_else(|_| "***".to_owned(), |address| address.origin());
    format!("{origin}/***")
}

fn wanted(endpoint: &WebhookEndpoint) -> String {
    if endpoint.events.is_empty() {
        return "all".to_owned();
    }
    endpoint.events.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" ")
}

fn as_json(endpoint: &WebhookEndpoint, reveal: Reveal) -> Value {
    json!({
        "id": endpoint.id,
        "url": shown(endpoint, reveal),
        "events": endpoint.events,
        "created_at": to_sortable(endpoint.created_at),
        "disabled": endpoint.disabled,
    })
}
