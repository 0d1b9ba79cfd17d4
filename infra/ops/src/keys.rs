//! `ops keys`: API keys, one name for each shop.

use clap::Subcommand;
use serde_json::{Value, json};
use shared::{
    domain::{
        api_key::{Scope, new_secret},
        time::{Timestamp, to_sortable, to_wire},
    },
    use_case::operator::{
        self,
        api_keys::{self, KeyEntry, KeyRefusal, NewKey, Which},
    },
};

use crate::{
    context::Context,
    error::{Ended, OpsError},
    output::{Tone, plain},
    time::When,
};

/// What is done with keys.
#[derive(Subcommand)]
pub enum Command {
    /// Make a key; its secret is shown this once
    Create {
        /// The shop's name: letters, digits, `.`, `_` and `-`. Its orders keep it, and it separates their idempotency keys
        #[arg(value_parser = name)]
        name: String,
        /// What the key may do, several times for several; all, if none is named
        #[arg(long, value_name = "SCOPE", value_parser = scope)]
        scope: Vec<Scope>,
        /// Make a further key of a name that has one; the older ones work until they are revoked
        #[arg(long)]
        rotate: bool,
    },
    /// List the keys; their secrets are nowhere kept
    List,
    /// Revoke a key: it is refused within 60 seconds, for good
    Revoke {
        /// The key's name
        name: String,
        /// Which of several of that name, by the beginning of its id
        #[arg(long, value_name = "ID", conflicts_with = "all")]
        key: Option<String>,
        /// All of that name
        #[arg(long)]
        all: bool,
        /// From when on: a time, or how long from now, such as `2days`; without it, now
        #[arg(long, value_name = "WHEN", value_parser = When::parse)]
        at: Option<When>,
    },
}

fn name(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    Err("must be 1 to 64 letters, digits, `.`, `_` or `-`".to_owned())
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::parse(text).ok_or_else(|| format!("must be one of {}", Scope::ALL.map(|(name, _)| name).join(", ")))
}

/// Runs a command.
pub async fn run(context: &Context, command: Command) -> Result<Ended, OpsError> {
    match command {
        Command::Create { name, scope, rotate } => create(context, &name, scope, rotate).await,
        Command::List => list(context).await,
        Command::Revoke { name, key, all, at } => {
            let which = match &key {
                Some(digits) => Which::Beginning(digits),
                None if all => Which::All,
                None => Which::Only,
            };
            revoke(context, &name, which, at).await
        }
    }
}

async fn create(context: &Context, name: &str, scopes: Vec<Scope>, rotate: bool) -> Result<Ended, OpsError> {
    let (by, now) = (operator::by(&context.operator()?), context.now());
    let secret = new_secret().map_err(|_| OpsError::refused("The operating system gave no random numbers."))?;
    let scopes = if scopes.is_empty() { vec![Scope::All] } else { scopes };
    let new = NewKey { name, secret: &secret, scopes, rotate };
    let made = api_keys::create(&context.store(), &new, &by, now).await;
    let (entry, older) = made.map_err(|refusal| refused(name, refusal))?;
    if context.out.json {
        let mut value = as_json(&entry, now);
        value["secret"] = json!(secret);
        value["older"] = older.iter().map(|entry| entry.key.hash.short()).collect();
        context.out.value(&value);
        return Ok(Ended::Done);
    }
    context.out.line(format!("Made key {} of {name}. Its secret, shown this once:", entry.key.hash.short()));
    context.out.line(&secret);
    for older in older {
        let id = older.key.hash.short();
        context
            .out
            .line(format!("Key {id} of {name} still works. When nobody uses it: ops keys revoke {name} --key {id}"));
    }
    Ok(Ended::Done)
}

async fn list(context: &Context) -> Result<Ended, OpsError> {
    let now = context.now();
    let entries = api_keys::list(&context.store()).await?;
    if context.out.json {
        let entries: Vec<Value> = entries.iter().map(|entry| as_json(entry, now)).collect();
        context.out.value(&json!({ "keys": entries }));
    } else if entries.is_empty() {
        context.out.line("There are no keys. Make one: ops keys create NAME");
    } else {
        let rows = entries.iter().map(|entry| {
            let (state, tone) = match entry.key.revoked_at {
                None => ("works".to_owned(), Tone::Good),
                Some(at) if at > now => (format!("works until {}", to_wire(at)), Tone::Waits),
                Some(at) => (format!("revoked {}", to_wire(at)), Tone::Bad),
            };
            vec![
                plain(&entry.key.name),
                plain(entry.key.hash.short()),
                plain(scopes(entry).join(" ")),
                plain(to_wire(entry.listed.created_at)),
                plain(&entry.listed.by),
                (state, tone),
            ]
        });
        context.out.table(&["NAME", "KEY", "SCOPES", "CREATED", "BY", "STATE"], rows.collect());
    }
    Ok(Ended::Done)
}

async fn revoke(context: &Context, name: &str, which: Which<'_>, at: Option<When>) -> Result<Ended, OpsError> {
    let (store, now) = (context.store(), context.now());
    let at = at.map_or(now, |at| at.ahead(now));
    let refuse = |refusal| refused(name, refusal);
    let chosen = api_keys::chosen(&store, name, which, now).await.map_err(refuse)?;
    let pending = chosen.iter().filter(|entry| entry.key.revoked_at.is_none_or(|before| before > at));
    let ids: Vec<&str> = pending.map(|entry| entry.key.hash.short()).collect();
    if !ids.is_empty() {
        let what = if ids.len() == 1 { "Key" } else { "Keys" };
        let ids = ids.join(", ");
        context.confirm(&format!("{what} {ids} of {name} will be refused from {} on, for good.", to_wire(at)))?;
    }
    let mut results = Vec::new();
    for entry in chosen {
        let (key, changed) = api_keys::revoke(&store, &entry.key.hash, at).await.map_err(refuse)?;
        let since = key.revoked_at.unwrap_or(at);
        if !context.out.json {
            let how = if changed { "is" } else { "was already" };
            context.out.line(format!("Key {} of {name} {how} revoked from {} on.", key.hash.short(), to_wire(since)));
        }
        results.push(json!({
            "name": name,
            "id": key.hash.short(),
            "revoked_at": to_sortable(since),
            "changed": changed,
        }));
    }
    if context.out.json {
        context.out.value(&json!({ "keys": results }));
    }
    Ok(Ended::Done)
}

fn scopes(entry: &KeyEntry) -> Vec<&'static str> {
    entry.key.scopes.iter().map(|scope| scope.as_str()).collect()
}

fn as_json(entry: &KeyEntry, now: Timestamp) -> Value {
    json!({
        "name": entry.key.name,
        "id": entry.key.hash.short(),
        "scopes": scopes(entry),
        "created_at": to_sortable(entry.listed.created_at),
        "created_by": entry.listed.by,
        "revoked_at": entry.key.revoked_at.map(to_sortable),
        "works": entry.works(now),
    })
}

fn refused(name: &str, refusal: KeyRefusal) -> OpsError {
    OpsError::Refused(match refusal {
        KeyRefusal::NameTaken => format!("There is a key of the name {name}; give --rotate to make a further one."),
        KeyRefusal::NoSuchName => format!("There is no key of the name {name}."),
        KeyRefusal::NoSuchKey => format!("No key of the name {name} has an id that begins like this."),
        KeyRefusal::Ambiguous(entries) => {
            let ids: Vec<&str> = entries.iter().map(|entry| entry.key.hash.short()).collect();
            format!("{name} has several keys ({}); say which by --key ID, or --all.", ids.join(", "))
        }
        KeyRefusal::Unavailable(error) => return OpsError::Port(error),
    })
}
