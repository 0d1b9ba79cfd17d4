//! `ops catalogue`: what the shops sell, from a seed file and to one.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};
use shared::{
    ports::{Catalogue, Setup},
    use_case::operator::{
        self,
        seed::{self, Plan, Planned, SeedRefusal},
    },
    wire::{seed_export, seed_file},
};

use crate::{
    context::Context,
    error::{Ended, OpsError, messages},
    output::{Text, Tone, plain},
};

/// What is done with the catalogue.
#[derive(Subcommand)]
pub enum Command {
    /// Put a seed file in: products, payment methods and bouquets as they stand there; keys and lines where there are none
    Apply {
        /// The file, JSON
        file: PathBuf,
        /// Only show what would change
        #[arg(long)]
        dry_run: bool,
    },
    /// Write products, payment methods and bouquets as a seed file
    Export,
}

/// Runs a command.
pub async fn run(context: &Context, command: Command) -> Result<Ended, OpsError> {
    match command {
        Command::Apply { file, dry_run } => apply(context, &file, dry_run).await,
        Command::Export => export(context).await,
    }
}

async fn export(context: &Context) -> Result<Ended, OpsError> {
    let store = context.store();
    let (products, methods) = (store.products().await?, store.payment_methods().await?);
    let file = seed_export::export(store.first_number().await?, products, methods, store.bouquets().await?);
    // A file for people to edit and for `apply`: the same with --json and without.
    context.out.value(&file);
    Ok(Ended::Done)
}

async fn apply(context: &Context, file: &PathBuf, dry_run: bool) -> Result<Ended, OpsError> {
    let shown = file.display();
    let text =
        std::fs::read(file).map_err(|cause| OpsError::Usage(format!("The file {shown} cannot be read: {cause}.")))?;
    let seed = seed_file::parse(&text).map_err(|error| match error {
        seed_file::SeedFileError::Json(error) => OpsError::refused(format!("The file {shown} cannot be used: {error}")),
        seed_file::SeedFileError::Entries(errors) => {
            OpsError::refused(format!("Nothing was stored.\n{}", messages(&errors)))
        }
    })?;
    let wanted_first = seed.first_number;
    let store = context.store();
    let plan = seed::plan(&store, seed).await.map_err(refused)?;
    let entries = entries(&plan);
    if !dry_run {
        let by = operator::by(&context.operator()?);
        seed::carry_out(&store, &plan, &by, context.now()).await.map_err(refused)?;
    }
    let count = |action: &str| entries.iter().filter(|entry| entry.action == action).count();
    let (added, changed, unchanged) = (count("added"), count("changed"), count("unchanged"));
    let begin = plan.begin.map(|first| first.0);
    if context.out.json {
        let list: Vec<Value> = entries.iter().map(Entry::as_json).collect();
        context.out.value(&json!({
            "dry_run": dry_run,
            "first_work_order_id": { "stored": plan.first_number, "set": begin },
            "added": added,
            "changed": changed,
            "unchanged": unchanged,
            "entries": list,
        }));
        return Ok(Ended::Done);
    }
    let rows: Vec<Vec<Text>> = entries.iter().filter(|entry| entry.action != "unchanged").map(Entry::as_row).collect();
    if !rows.is_empty() {
        context.out.table(&["KIND", "ID", "NAME", "ACTION", "CHANGES"], rows);
    }
    match (begin, plan.first_number, wanted_first) {
        (Some(first), ..) => context.out.line(format!("The first order gets the number {first}.")),
        (None, Some(stored), Some(wanted)) if stored != wanted => {
            context.out.line(format!("Numbers began at {stored} and go on; {wanted} is not used."));
        }
        _ => {}
    }
    let ending = match (dry_run, changed) {
        (true, _) => "Nothing was stored: a dry run.",
        (false, 0) => "",
        (false, _) => "Functions take changes up within 45 seconds.",
    };
    context.out.line(format!("{added} added, {changed} changed, {unchanged} unchanged. {ending}").trim_end());
    Ok(Ended::Done)
}

fn refused(refusal: SeedRefusal) -> OpsError {
    match refusal {
        SeedRefusal::Entries(errors) => OpsError::refused(format!("Nothing was stored.\n{}", messages(&errors))),
        SeedRefusal::Changed(_) => OpsError::refused(format!("{refusal}.")),
        SeedRefusal::Store(error) => OpsError::Port(error),
    }
}

/// A line of the diff.
struct Entry {
    kind: &'static str,
    id: Option<u64>,
    name: String,
    action: &'static str,
    /// Field, before, after.
    changes: Vec<(String, Value, Value)>,
}

impl Entry {
    fn as_json(&self) -> Value {
        let change = |(field, from, to): &(String, Value, Value)| json!({ "field": field, "from": from, "to": to });
        json!({
            "kind": self.kind,
            "id": self.id,
            "name": self.name,
            "action": self.action,
            "changes": self.changes.iter().map(change).collect::<Vec<_>>(),
        })
    }

    fn as_row(&self) -> Vec<Text> {
        let change = |(field, from, to): &(String, Value, Value)| format!("{field}: {} -> {}", short(from), short(to));
        let tone = if self.action == "added" { Tone::Good } else { Tone::Waits };
        vec![
            plain(self.kind),
            plain(self.id.map_or_else(String::new, |id| id.to_string())),
            plain(&self.name),
            (self.action.to_owned(), tone),
            plain(self.changes.iter().map(change).collect::<Vec<_>>().join("; ")),
        ]
    }
}

/// A value in few words.
fn short(value: &Value) -> String {
    const LONGEST: usize = 40;
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST).chain(['…']).collect() }
}

fn entries(plan: &Plan) -> Vec<Entry> {
    let key = |(key, new): &(shared::domain::api_key::ApiKey, bool)| Entry {
        kind: "key",
        id: None,
        name: key.name.clone(),
        action: added_or_not(*new),
        changes: Vec::new(),
    };
    // Whose a line is, is private.
    let line = |(line, new): &(shared::domain::activation::Activation, bool)| Entry {
        kind: "line",
        id: Some(line.id.0),
        name: String::new(),
        action: added_or_not(*new),
        changes: Vec::new(),
    };
    let mut entries: Vec<Entry> = plan.api_keys.iter().map(key).collect();
    entries.extend(plan.products.iter().map(|entry| planned("product", entry, entry.new.id.0, &entry.new.name)));
    let methods = plan.payment_methods.iter();
    entries.extend(methods.map(|entry| planned("payment method", entry, entry.new.id.0, &entry.new.name)));
    entries.extend(plan.bouquets.iter().map(|entry| planned("bouquet", entry, entry.new.id.0, &entry.new.name)));
    entries.extend(plan.lines.iter().map(line));
    entries
}

fn added_or_not(new: bool) -> &'static str {
    if new { "added" } else { "unchanged" }
}

fn planned<T: serde::Serialize>(kind: &'static str, entry: &Planned<T>, id: u64, name: &str) -> Entry {
    let (action, changes) = match &entry.old {
        None => ("added", Vec::new()),
        Some(_) if !entry.differs => ("unchanged", Vec::new()),
        Some(old) => ("changed", changes(&seed::as_json(old), &seed::as_json(&entry.new))),
    };
    Entry { kind, id: Some(id), name: name.to_owned(), action, changes }
}

fn changes(old: &Value, new: &Value) -> Vec<(String, Value, Value)> {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return Vec::new() };
    let change = |(name, to): (&String, &Value)| {
        let from = old.get(name).cloned().unwrap_or_default();
        (!seed::same(&from, to)).then(|| (name.clone(), from, to.clone()))
    };
    new.iter().filter_map(change).collect()
}
