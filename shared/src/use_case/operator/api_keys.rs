//! API keys, as operators make and revoke them. A key is listed under its name before it opens the door, so that one that
//! works can always be found and revoked, wherever the making of it was cut off.

use chrono::Duration;

use crate::{
    domain::{
        api_key::{ApiKey, KeyHash, Scope},
        time::Timestamp,
    },
    ports::{Keys, ListedKey, NamedKeys, PortError, RACE_ROUNDS, Save},
};

/// How long the making of a key may take, from its listing to its storing.
const MAKING_SECONDS: i64 = 60;

/// A key with what the directory says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// The key.
    pub key: ApiKey,
    /// When it was made, and by whom.
    pub listed: ListedKey,
}

impl KeyEntry {
    /// Does it open the door at `now`?
    pub fn works(&self, now: Timestamp) -> bool {
        self.key.admits(&self.key.hash, now)
    }
}

/// Why a key was not made or revoked; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRefusal {
    /// There is a key of this name, and a further one was not asked for.
    NameTaken,
    /// There is no key of this name to be followed by another, or to revoke.
    NoSuchName,
    /// None of the name's keys begins with what was given.
    NoSuchKey,
    /// Several keys of the name still work: which one is meant must be said.
    Ambiguous(Vec<KeyEntry>),
    /// A fault of the store.
    Unavailable(PortError),
}

impl From<PortError> for KeyRefusal {
    fn from(error: PortError) -> Self {
        Self::Unavailable(error)
    }
}

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct NewKey<'a> {
    /// Its name: the shop's.
    pub name: &'a str,
    /// The secret that opens the door with it.
    pub secret: &'a str,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Is it to follow keys of the same name? Those go on working until they are revoked.
    pub rotate: bool,
}

/// Makes a key. Of two that make one of a new name at once, one is told that the name is taken. Returns the key, and the
/// others of its name that still work.
pub async fn create<S: Keys>(
    store: &S,
    new: &NewKey<'_>,
    by: &str,
    now: Timestamp,
) -> Result<(KeyEntry, Vec<KeyEntry>), KeyRefusal> {
    let hash = KeyHash::of(new.secret);
    let listed = ListedKey { hash: hash.clone(), created_at: now, by: by.to_owned() };
    let key = ApiKey { hash, name: new.name.to_owned(), scopes: new.scopes.clone(), revoked_at: None };
    for _ in 0..RACE_ROUNDS {
        let stored = store.named(new.name).await?;
        let before = match &stored {
            Some(named) => entries_of(store, named).await?,
            None => Vec::new(),
        };
        // A name whose making was cut off before its key was stored is free; one that is being made now is not.
        let being_made = |listed: &ListedKey| now - listed.created_at < Duration::seconds(MAKING_SECONDS);
        let free = before.is_empty() && !stored.iter().flat_map(|named| &named.listed).any(being_made);
        match (free, new.rotate) {
            (false, false) => return Err(KeyRefusal::NameTaken),
            (true, true) => return Err(KeyRefusal::NoSuchName),
            _ => {}
        }
        let mut named = stored.unwrap_or_else(|| unused(new.name));
        named.listed.push(listed.clone());
        if store.save_named(&mut named).await? == Save::Saved {
            store.add_key(&key).await?;
            let older = before.into_iter().filter(|entry| entry.works(now)).collect();
            return Ok((KeyEntry { key, listed }, older));
        }
    }
    Err(PortError::Contended { what: "the name" }.into())
}

/// Stores a key of a seed file unless its secret is known, and lists it. Returns whether it was not known.
pub async fn enroll<S: Keys>(store: &S, key: &ApiKey, by: &str, now: Timestamp) -> Result<bool, PortError> {
    for _ in 0..RACE_ROUNDS {
        let mut named = store.named(&key.name).await?.unwrap_or_else(|| unused(&key.name));
        let known = named.listed.iter().any(|listed| listed.hash == key.hash);
        if !known {
            named.listed.push(ListedKey { hash: key.hash.clone(), created_at: now, by: by.to_owned() });
        }
        if known || store.save_named(&mut named).await? == Save::Saved {
            let new = store.keys(std::slice::from_ref(&key.hash)).await?.is_empty();
            if new {
                store.add_key(key).await?;
            }
            return Ok(new);
        }
    }
    Err(PortError::Contended { what: "the name" })
}

/// Every key, by name and then by age.
pub async fn list<S: Keys>(store: &S) -> Result<Vec<KeyEntry>, PortError> {
    let mut listed = Vec::new();
    for named in store.directory().await? {
        listed.extend(named.listed);
    }
    entries(store, listed).await
}

/// Which of a name's keys to revoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// The one that works; several are ambiguous.
    Only,
    /// Those whose hash begins like this.
    Beginning(&'a str),
    /// All.
    All,
}

/// Keys of `name` that a revocation at `at` is about: all that were chosen, those revoked before included.
pub async fn chosen<S: Keys>(
    store: &S,
    name: &str,
    which: Which<'_>,
    now: Timestamp,
) -> Result<Vec<KeyEntry>, KeyRefusal> {
    let named = store.named(name).await?.ok_or(KeyRefusal::NoSuchName)?;
    let entries = entries_of(store, &named).await?;
    if entries.is_empty() {
        return Err(KeyRefusal::NoSuchName);
    }
    let working = |entries: &[KeyEntry]| entries.iter().filter(|entry| entry.works(now)).cloned().collect::<Vec<_>>();
    match which {
        Which::All => Ok(entries),
        Which::Beginning(digits) => {
            let of_it = |entry: &KeyEntry| entry.key.hash.as_str().starts_with(&digits.to_ascii_lowercase());
            let chosen: Vec<KeyEntry> = entries.into_iter().filter(of_it).collect();
            match chosen.len() {
                0 => Err(KeyRefusal::NoSuchKey),
                1 => Ok(chosen),
                _ => Err(KeyRefusal::Ambiguous(chosen)),
            }
        }
        Which::Only => match working(&entries) {
            working if working.len() > 1 => Err(KeyRefusal::Ambiguous(working)),
            working if working.is_empty() => Ok(entries),
            working => Ok(working),
        },
    }
}

/// Revokes a key from `at` on, unless it is revoked from an earlier time. Returns it as it is stored, and whether this
/// call changed it.
pub async fn revoke<S: Keys>(store: &S, hash: &KeyHash, at: Timestamp) -> Result<(ApiKey, bool), KeyRefusal> {
    for _ in 0..RACE_ROUNDS {
        let key = store.keys(std::slice::from_ref(hash)).await?.pop().ok_or(KeyRefusal::NoSuchKey)?;
        if key.revoked_at.is_some_and(|before| before <= at) {
            return Ok((key, false));
        }
        let revoked = ApiKey { revoked_at: Some(at), ..key.clone() };
        if store.replace_key(&key, &revoked).await? == Save::Saved {
            return Ok((revoked, true));
        }
    }
    Err(PortError::Contended { what: "the key" }.into())
}

fn unused(name: &str) -> NamedKeys {
    NamedKeys { name: name.to_owned(), listed: Vec::new(), version: 0 }
}

async fn entries_of<S: Keys>(store: &S, named: &NamedKeys) -> Result<Vec<KeyEntry>, PortError> {
    entries(store, named.listed.clone()).await
}

async fn entries<S: Keys>(store: &S, listed: Vec<ListedKey>) -> Result<Vec<KeyEntry>, PortError> {
    let hashes: Vec<KeyHash> = listed.iter().map(|listed| listed.hash.clone()).collect();
    let mut keys = store.keys(&hashes).await?;
    let with_key = |listed: ListedKey| {
        let place = keys.iter().position(|key| key.hash == listed.hash)?;
        Some(KeyEntry { key: keys.swap_remove(place), listed })
    };
    Ok(listed.into_iter().filter_map(with_key).collect())
}
