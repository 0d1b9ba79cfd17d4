//! What a request names, found in one read.

use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
};

use super::error::PortError;
use crate::domain::{
    activation::Activation,
    api_key::{ApiKey, KeyHash},
    catalogue::{Bouquet, PaymentMethod, Product},
    ids::{ActivationId, BouquetId, PaymentMethodId, ProductId},
};

/// What a request names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookupKeys {
    /// The key it presents.
    pub key: Option<KeyHash>,
    /// Products.
    pub products: BTreeSet<ProductId>,
    /// Payment method.
    pub payment_method: Option<PaymentMethodId>,
    /// Bouquets.
    pub bouquets: BTreeSet<BouquetId>,
    /// Lines.
    pub lines: BTreeSet<ActivationId>,
}

impl LookupKeys {
    /// How many things are named, the key aside.
    pub fn len(&self) -> usize {
        self.products.len() + usize::from(self.payment_method.is_some()) + self.bouquets.len() + self.lines.len()
    }

    /// Is nothing named but perhaps a key?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What is there of what was wanted.
#[derive(Debug, Clone, Default)]
pub struct LookupResult {
    /// The key.
    pub key: Option<ApiKey>,
    /// Products by number, inactive ones too.
    pub products: HashMap<ProductId, Product>,
    /// The payment method, an inactive one too.
    pub payment_method: Option<PaymentMethod>,
    /// Bouquets by number.
    pub bouquets: HashMap<BouquetId, Bouquet>,
    /// Lines by number.
    pub lines: HashMap<ActivationId, Activation>,
}

/// Finds what a request names.
pub trait Lookup: Send + Sync {
    /// Everything `lookup_keys` that exists, in as few round trips as can be. Lines are as of now; a key and catalogue entries
    /// may be up to 45 seconds old. A key that does not exist is asked for every time.
    fn look_up(&self, lookup_keys: &LookupKeys) -> impl Future<Output = Result<LookupResult, PortError>> + Send;
}
