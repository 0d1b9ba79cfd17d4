//! Putting in what operators bring: catalogue, keys, lines that were there before.

use crate::{
    domain::{
        activation::Activation,
        api_key::ApiKey,
        catalogue::{Bouquet, PaymentMethod, Product},
        ids::{ActivationId, WorkOrderId},
    },
    ports::{Lines, PortError, Setup},
    use_case::FieldError,
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

/// Why a seed was not applied; nothing was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeedRefusal {
    /// Entries that would meet what the store holds.
    #[error("{}", .0.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("\n"))]
    Entries(Vec<FieldError>),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] PortError),
}

/// Applies a seed: keys and lines are added where absent and never changed; products, methods and bouquets are stored as
/// they are given; numbers begin once. May be repeated.
pub async fn apply<S: Setup + Lines>(store: &S, seed: &Seed) -> Result<(), SeedRefusal> {
    let first = match store.first_number().await? {
        Some(first) => first,
        None => seed.first_number.unwrap_or(WorkOrderId(1)),
    };
    check_lines(&seed.lines, first)?;
    if seed.first_number.is_some() || !seed.lines.is_empty() {
        store.begin_numbers(first).await?;
    }
    for key in &seed.api_keys {
        store.add_key(key).await?;
    }
    for product in &seed.products {
        store.put_product(product).await?;
    }
    for method in &seed.payment_methods {
        store.put_payment_method(method).await?;
    }
    for bouquet in &seed.bouquets {
        store.put_bouquet(bouquet).await?;
    }
    for line in &seed.lines {
        store.make(line).await?;
    }
    Ok(())
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
