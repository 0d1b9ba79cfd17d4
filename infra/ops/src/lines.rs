//! `ops lines`: service lines, found by their order, their customer or their number. Nothing is scanned.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use shared::{
    domain::{
        activation::Activation,
        effect::EffectName,
        email::Email,
        ids::ActivationId,
        password::Password,
        status::ActivationStatus,
        time::{Timestamp, to_sortable, to_wire},
    },
    ports::{Activations, Listing, OrderPage},
    use_case::operator::activations::{self, ActivationRefusal, activations_of},
};

use crate::{
    context::Context,
    error::{Ended, OpsError},
    mask::Reveal,
    orders::{email, find, reason},
    output::{Text, Tone, plain, time},
};

/// What is done with lines.
#[derive(Subcommand)]
pub enum Command {
    /// List the lines of an order or of a customer
    List(ListLines),
    /// Show a line
    Show {
        /// Its number
        line: u64,
        /// Show private fields: whose it is, its user name and password
        #[arg(long)]
        reveal: bool,
    },
    /// Switch a line off. Its time runs on, and a renewal adds its months without switching it on
    Suspend {
        /// Its number
        line: u64,
        /// Why, for the histories
        #[arg(long, value_parser = reason)]
        reason: Option<String>,
    },
    /// Switch a line on again
    Resume {
        /// Its number
        line: u64,
        /// Why, for the histories
        #[arg(long, value_parser = reason)]
        reason: Option<String>,
    },
}

/// Which lines to list.
#[derive(Args)]
#[group(required = true)]
pub struct ListLines {
    /// Those that this order makes, renews or upgrades
    #[arg(long, value_name = "ORDER", group = "which")]
    order: Option<String>,
    /// Those of this customer's orders
    #[arg(long, value_name = "EMAIL", value_parser = email, group = "which")]
    email: Option<Email>,
    /// Show private fields
    #[arg(long)]
    reveal: bool,
}

/// Runs a command.
pub async fn run(context: &Context, command: Command) -> Result<Ended, OpsError> {
    match command {
        Command::List(wanted) => list(context, wanted).await,
        Command::Show { line, reveal } => show(context, line, Reveal(reveal)).await,
        Command::Suspend { line, reason } => switch(context, line, ActivationStatus::Suspended, reason).await,
        Command::Resume { line, reason } => switch(context, line, ActivationStatus::Active, reason).await,
    }
}

async fn list(context: &Context, wanted: ListLines) -> Result<Ended, OpsError> {
    let store = context.store();
    let mut ids = BTreeSet::new();
    if let Some(order) = &wanted.order {
        ids.extend(activations_of(&find(&store, order).await?));
    }
    if let Some(customer) = &wanted.email {
        let mut place = None;
        loop {
            let OrderPage { orders, next } = store.orders_of_customer(customer, place, 100).await?;
            ids.extend(orders.iter().flat_map(|(_, order)| activations_of(order)));
            place = next;
            if place.is_none() {
                break;
            }
        }
    }
    let lines: BTreeMap<ActivationId, Activation> = store.lines(&ids).await?.into_iter().collect();
    let (reveal, now) = (Reveal(wanted.reveal), context.now());
    if context.out.json {
        let lines: Vec<Value> = lines.values().map(|line| as_json(line, reveal)).collect();
        context.out.value(&json!({ "lines": lines }));
    } else if lines.is_empty() {
        context.out.line("There are no such lines.");
    } else {
        let rows = lines.values().map(|line| {
            vec![
                plain(line.id),
                status(line, now),
                plain(line.product_id),
                plain(line.connections),
                plain(time(line.expires_at)),
                plain(reveal.email(line.customer_email.as_str())),
                plain(line.username.as_deref().map_or_else(|| "-".to_owned(), |name| reveal.text(name))),
            ]
        });
        let heads = ["LINE", "STATUS", "PRODUCT", "CONNECTIONS", "EXPIRES", "CUSTOMER", "USER NAME"];
        context.out.table(&heads, rows.collect());
    }
    Ok(Ended::Done)
}

async fn show(context: &Context, id: u64, reveal: Reveal) -> Result<Ended, OpsError> {
    let id = ActivationId(id);
    let line = context.store().lines(&BTreeSet::from([id])).await?.remove(&id);
    let line = line.ok_or_else(|| OpsError::Refused(format!("There is no line {id}.")))?;
    if context.out.json {
        context.out.value(&as_json(&line, reveal));
        return Ok(Ended::Done);
    }
    let text = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), |text| reveal.text(text));
    let numbers: Vec<String> = line.bouquet_ids.iter().map(ToString::to_string).collect();
    let effects: Vec<&str> = line.applied.iter().map(EffectName::as_str).collect();
    let origin = line.origin.as_ref().map_or_else(
        || "was there before".to_owned(),
        |origin| format!("order {}, unit {}", origin.order, origin.unit),
    );
    let rows = [
        ("line", plain(line.id)),
        ("status", status(&line, context.now())),
        ("customer", plain(reveal.email(line.customer_email.as_str()))),
        ("name", plain(text(line.customer_name.as_deref()))),
        ("user name", plain(text(line.username.as_deref()))),
        ("password", plain(text(line.password.as_ref().map(Password::reveal)))),
        ("product", plain(line.product_id)),
        ("connections", plain(line.connections)),
        ("bouquets", plain(numbers.join(" "))),
        ("trial", plain(if line.is_trial { "yes" } else { "no" })),
        ("starts", plain(time(line.starts_at))),
        ("expires", plain(time(line.expires_at))),
        ("made by", plain(origin)),
        ("effects", plain(effects.join(" "))),
    ];
    context.out.table(&[], rows.into_iter().map(|(name, value)| vec![plain(name), value]).collect());
    if !line.changes.is_empty() {
        context.out.line("");
        let rows = line.changes.iter().map(|change| {
            let note = change.note.clone().unwrap_or_default();
            vec![plain(to_wire(change.at)), plain(&change.by), plain(change.to.as_str()), plain(note)]
        });
        context.out.table(&["WHEN", "BY", "TO", "NOTE"], rows.collect());
    }
    Ok(Ended::Done)
}

async fn switch(context: &Context, id: u64, to: ActivationStatus, reason: Option<String>) -> Result<Ended, OpsError> {
    let operator = context.operator()?;
    let switched = activations::switch(&context.store(), ActivationId(id), to, &operator, reason, context.now()).await;
    let switched = switched.map_err(|refusal| match refusal {
        ActivationRefusal::NoSuchLine => OpsError::Refused(format!("There is no line {id}.")),
        ActivationRefusal::Canceled(order) => OpsError::Refused(format!(
            "{order}, which made line {id}, was canceled, and nobody has paid for the line since; it stays suspended."
        )),
        ActivationRefusal::Unavailable(error) => OpsError::Port(error),
    })?;
    let order = switched.order.as_ref().map(|order| order.reference().to_string());
    if context.out.json {
        context.out.value(&json!({
            "line": id,
            "status": to,
            "changed": switched.changed,
            "order": order,
            "noted_in_order": switched.changed && order.is_some() && switched.not_noted.is_none(),
        }));
        return Ok(Ended::Done);
    }
    let line = &switched.line;
    let how = if switched.changed { "is" } else { "was already" };
    let ended = line.expires_at.filter(|at| *at < context.now()).map(|at| format!(" Its time ended {}.", to_wire(at)));
    context.out.line(format!("Line {id} {how} {}.{}", to.as_str(), ended.unwrap_or_default()));
    if switched.not_noted.is_some() {
        context.out.remark("The line keeps who did it; the history of the order that made it could not be written to.");
    }
    Ok(Ended::Done)
}

fn status(line: &Activation, now: Timestamp) -> Text {
    let expired = line.expires_at.is_some_and(|at| at <= now);
    match (line.status, expired) {
        (ActivationStatus::Reserved, _) => ("being made".to_owned(), Tone::Waits),
        (ActivationStatus::Suspended, _) => ("suspended".to_owned(), Tone::Bad),
        (ActivationStatus::Active, true) => ("expired".to_owned(), Tone::Waits),
        (ActivationStatus::Active, false) => ("active".to_owned(), Tone::Good),
    }
}

fn as_json(line: &Activation, reveal: Reveal) -> Value {
    let changes = line
        .changes
        .iter()
        .map(|change| json!({ "at": to_sortable(change.at), "by": change.by, "to": change.to, "note": change.note }));
    json!({
        "line": line.id,
        "status": line.status,
        "product_id": line.product_id,
        "connections": line.connections,
        "is_trial": line.is_trial,
        "starts_at": line.starts_at.map(to_sortable),
        "expires_at": line.expires_at.map(to_sortable),
        "customer_email": reveal.email(line.customer_email.as_str()),
        "customer_name": reveal.json(line.customer_name.as_deref()),
        "username": reveal.json(line.username.as_deref()),
        "password": reveal.json(line.password.as_ref().map(Password::reveal)),
        "bouquet_ids": line.bouquet_ids,
        "categories": line.categories,
        "origin": line.origin,
        "applied": line.applied,
        "version": line.version,
        "changes": changes.collect::<Vec<_>>(),
    })
}
