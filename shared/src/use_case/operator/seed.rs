//! Putting in what operators bring: catalogue, keys, lines that were there before. First a plan, then its writes.

use serde_json::Value;

use super::api_keys;
use crate::{
    domain::{
        activation::Activation,
        api_key::{ApiKey, KeyHash},
        catalogue::{Bouquet, PaymentMethod, Product},
        ids::{ActivationId, WorkOrderId},
        time::Timestamp,
    },
    ports::{Activations, Catalogue, Keys, PortError, Save, Setup},
    use_case::refusal::FieldError,
};

/// What a seed file brings.
#[derive(Debug, Clone, Default)]
pub struct Seed {
    /// The number of the first order.
    pub first_number: Option<WorkOrderId>,
    /// Keys, by the hashes of their secrets.
    pub api_keys: Vec<ApiKey>,
    /// Products.
    pub products: Vec<Product>,
    /// Payment methods.
    pub payment_methods: Vec<PaymentMethod>,
    /// Bouquets.
    pub bouquets: Vec<Bouquet>,
    /// Lines that were there before.
    pub lines: Vec<Activation>,
}

/// Why a seed was not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeedRefusal {
    /// Entries that would meet what the store holds; nothing was stored.
    #[error("{}", .0.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("\n"))]
    Entries(Vec<FieldError>),
    /// Somebody else changed this entry after the plan was made; entries before it are stored.
    #[error("{0} was changed by somebody else meanwhile; look at the changes and apply the file again")]
    Changed(String),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] PortError),
}

/// What a seed would do to one entry.
#[derive(Debug, Clone)]
pub struct Planned<T> {
    /// What is stored now.
    pub old: Option<T>,
    /// What the seed says.
    pub new: T,
    /// Is something to be stored?
    pub differs: bool,
}

/// What a seed would do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The first number as it is stored.
    pub first_number: Option<WorkOrderId>,
    /// The first number that is to be stored.
    pub begin: Option<WorkOrderId>,
    /// Keys, each with whether its secret is not known yet.
    pub api_keys: Vec<(ApiKey, bool)>,
    /// Products.
    pub products: Vec<Planned<Product>>,
    /// Payment methods.
    pub payment_methods: Vec<Planned<PaymentMethod>>,
    /// Bouquets.
    pub bouquets: Vec<Planned<Bouquet>>,
    /// Lines, each with whether there is none of its number yet.
    pub lines: Vec<(Activation, bool)>,
}

/// Applies a seed: keys and lines are added where absent and never changed; products, methods and bouquets are stored as
/// they are given; numbers begin once. May be repeated.
pub async fn apply<S: Setup + Catalogue + Keys + Activations>(
    store: &S,
    seed: Seed,
    by: &str,
    now: Timestamp,
) -> Result<(), SeedRefusal> {
    let plan = plan(store, seed).await?;
    carry_out(store, &plan, by, now).await
}

/// What `seed` would do to what is stored. Nothing is stored.
pub async fn plan<S: Setup + Catalogue + Keys + Activations>(store: &S, seed: Seed) -> Result<Plan, SeedRefusal> {
    let stored = store.first_number().await?;
    let first = stored.or(seed.first_number).unwrap_or(WorkOrderId(1));
    check_lines(&seed.lines, first)?;
    let begins = stored.is_none() && (seed.first_number.is_some() || !seed.lines.is_empty());
    let hashes: Vec<KeyHash> = seed.api_keys.iter().map(|key| key.hash.clone()).collect();
    let known = store.keys(&hashes).await?;
    let there = store.lines(&seed.lines.iter().map(|line| line.id).collect()).await?;
    let is_new = |key: &ApiKey| !known.iter().any(|known| known.hash == key.hash);
    Ok(Plan {
        first_number: stored,
        begin: begins.then_some(first),
        api_keys: seed.api_keys.into_iter().map(|key| (key.clone(), is_new(&key))).collect(),
        products: planned(seed.products, &store.products().await?, |product| product.id.0),
        payment_methods: planned(seed.payment_methods, &store.payment_methods().await?, |method| method.id.0),
        bouquets: planned(seed.bouquets, &store.bouquets().await?, |bouquet| bouquet.id.0),
        lines: seed.lines.into_iter().map(|line| (line.clone(), !there.contains_key(&line.id))).collect(),
    })
}

/// Stores what a plan says, on the condition that what it was made from is still what is stored.
pub async fn carry_out<S: Setup + Keys + Activations>(
    store: &S,
    plan: &Plan,
    by: &str,
    now: Timestamp,
) -> Result<(), SeedRefusal> {
    if let Some(first) = plan.begin {
        store.begin_numbers(first).await?;
    }
    for (key, _) in &plan.api_keys {
        api_keys::enroll(store, key, by, now).await?;
    }
    for entry in plan.products.iter().filter(|entry| entry.differs) {
        let saved = store.put_product(entry.old.as_ref(), &entry.new).await?;
        unchanged(saved, || format!("product {}", entry.new.id))?;
    }
    for entry in plan.payment_methods.iter().filter(|entry| entry.differs) {
        let saved = store.put_payment_method(entry.old.as_ref(), &entry.new).await?;
        unchanged(saved, || format!("payment method {}", entry.new.id))?;
    }
    for entry in plan.bouquets.iter().filter(|entry| entry.differs) {
        let saved = store.put_bouquet(entry.old.as_ref(), &entry.new).await?;
        unchanged(saved, || format!("bouquet {}", entry.new.id))?;
    }
    for (line, _) in plan.lines.iter().filter(|(_, new)| *new) {
        store.make(line).await?;
    }
    Ok(())
}

fn unchanged(saved: Save, what: impl Fn() -> String) -> Result<(), SeedRefusal> {
    if saved == Save::Saved { Ok(()) } else { Err(SeedRefusal::Changed(what())) }
}

fn planned<T: Clone + PartialEq + serde::Serialize>(
    new: Vec<T>,
    stored: &[T],
    id: impl Fn(&T) -> u64,
) -> Vec<Planned<T>> {
    new.into_iter()
        .map(|new| {
            let old = stored.iter().find(|old| id(old) == id(&new)).cloned();
            let differs = old.as_ref().is_none_or(|old| *old != new && !same(&as_json(old), &as_json(&new)));
            Planned { old, new, differs }
        })
        .collect()
}

/// An entry as JSON; for comparing.
pub fn as_json(entry: &impl serde::Serialize) -> Value {
    serde_json::to_value(entry).unwrap_or_default()
}

/// Do two values say the same? A number has one value however it is written: the store gives 1.0 back as 1.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => one == other,
    }
}

/// A line's number must be below those that orders make.
fn check_lines(lines: &[Activation], first: WorkOrderId) -> Result<(), SeedRefusal> {
    let limit = first.0.saturating_mul(ActivationId::PER_ORDER);
    let meets = |(_, line): &(usize, &Activation)| line.id.0 >= limit;
    let errors: Vec<FieldError> = lines
        .iter()
        .enumerate()
        .filter(meets)
        .map(|(index, _)| {
            let rule = format!("must be under {limit} (100 x the first work order number), so that it never meets a line made by an order");
            FieldError::new(format!("lines[{index}].activation_id"), rule)
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(SeedRefusal::Entries(errors)) }
}
