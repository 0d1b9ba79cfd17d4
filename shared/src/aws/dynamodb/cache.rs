//! What an environment remembers of keys and catalogue, so that a warm request need not read them.

use std::{collections::HashMap, hash::Hash, time::Duration};

use crate::{
    domain::{
        api_key::ApiKey,
        catalogue::{Bouquet, PaymentMethod, Product},
        ids::{BouquetId, PaymentMethodId, ProductId},
        time::Timestamp,
        webhook::{WebhookEndpoint, WebhookEndpointId},
    },
    ports::{LookupKeys, LookupResult},
};

/// Entries of one kind that are kept; past that, the cache starts anew. A catalogue is smaller.
const ENTRIES: usize = 5_000;

/// How old a remembered endpoint may be: a new one need not be waited for, and a read every five seconds costs nothing.
const ENDPOINTS_FOR: Duration = Duration::from_secs(5);

/// Entries with the time they were read at. By the wall clock: a monotonic one stands still while Lambda has frozen the
/// environment, and a revoked key would outlive its hour.
pub(super) struct Cache {
    keep_for: Duration,
    keys: HashMap<String, (Timestamp, ApiKey)>,
    products: HashMap<ProductId, (Timestamp, Product)>,
    methods: HashMap<PaymentMethodId, (Timestamp, PaymentMethod)>,
    bouquets: HashMap<BouquetId, (Timestamp, Bouquet)>,
    endpoints: HashMap<WebhookEndpointId, (Timestamp, WebhookEndpoint)>,
    all_endpoints: HashMap<(), (Timestamp, Vec<WebhookEndpoint>)>,
}

impl Cache {
    pub(super) fn new(keep_for: Duration) -> Self {
        Self {
            keep_for,
            keys: HashMap::new(),
            products: HashMap::new(),
            methods: HashMap::new(),
            bouquets: HashMap::new(),
            endpoints: HashMap::new(),
            all_endpoints: HashMap::new(),
        }
    }

    /// An endpoint that is remembered.
    pub(super) fn endpoint(&self, id: &WebhookEndpointId, now: Timestamp) -> Option<WebhookEndpoint> {
        fresh(&self.endpoints, id, now, self.keep_for.min(ENDPOINTS_FOR)).cloned()
    }

    /// Remembers an endpoint that was read at `now`.
    pub(super) fn remember_endpoint(&mut self, endpoint: &WebhookEndpoint, now: Timestamp) {
        keep(&mut self.endpoints, endpoint.id.clone(), endpoint, now);
    }

    /// The endpoints, if they are remembered. That there are none is remembered too: every order would ask otherwise.
    pub(super) fn endpoints(&self, now: Timestamp) -> Option<Vec<WebhookEndpoint>> {
        fresh(&self.all_endpoints, &(), now, self.keep_for.min(ENDPOINTS_FOR)).cloned()
    }

    /// Remembers all endpoints as they were read at `now`.
    pub(super) fn remember_endpoints(&mut self, endpoints: &Vec<WebhookEndpoint>, now: Timestamp) {
        keep(&mut self.all_endpoints, (), endpoints, now);
    }

    /// Moves what is remembered from `lookup_keys` to the result; what is left must be read.
    pub(super) fn take_known(&self, lookup_keys: &mut LookupKeys, now: Timestamp) -> LookupResult {
        let mut found = LookupResult::default();
        if let Some(key) = lookup_keys.key.as_ref().and_then(|hash| self.fresh(&self.keys, hash.as_str(), now)) {
            found.key = Some(key.clone());
            lookup_keys.key = None;
        }
        if let Some(method) = lookup_keys.payment_method.and_then(|id| self.fresh(&self.methods, &id, now)) {
            found.payment_method = Some(method.clone());
            lookup_keys.payment_method = None;
        }
        lookup_keys.products.retain(|id| match self.fresh(&self.products, id, now) {
            Some(product) => found.products.insert(*id, product.clone()).is_some(),
            None => true,
        });
        lookup_keys.bouquets.retain(|id| match self.fresh(&self.bouquets, id, now) {
            Some(bouquet) => found.bouquets.insert(*id, bouquet.clone()).is_some(),
            None => true,
        });
        found
    }

    /// Remembers what was read at `now`. What does not exist is not remembered: it may be made any moment.
    pub(super) fn remember(&mut self, found: &LookupResult, now: Timestamp) {
        if self.keep_for.is_zero() {
            return;
        }
        if let Some(key) = &found.key {
            keep(&mut self.keys, key.hash.as_str().to_owned(), key, now);
        }
        if let Some(method) = &found.payment_method {
            keep(&mut self.methods, method.id, method, now);
        }
        for (id, product) in &found.products {
            keep(&mut self.products, *id, product, now);
        }
        for (id, bouquet) in &found.bouquets {
            keep(&mut self.bouquets, *id, bouquet, now);
        }
    }

    fn fresh<'a, K, Q, V>(&self, entries: &'a HashMap<K, (Timestamp, V)>, key: &Q, now: Timestamp) -> Option<&'a V>
    where
        K: Hash + Eq + std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        fresh(entries, key, now, self.keep_for)
    }
}

fn fresh<'a, K, Q, V>(
    entries: &'a HashMap<K, (Timestamp, V)>,
    key: &Q,
    now: Timestamp,
    keep_for: Duration,
) -> Option<&'a V>
where
    K: Hash + Eq + std::borrow::Borrow<Q>,
    Q: Hash + Eq + ?Sized,
{
    let (read_at, value) = entries.get(key)?;
    // A clock that was set back makes no entry younger.
    let age = (now - *read_at).to_std().ok()?;
    (age < keep_for).then_some(value)
}

fn keep<K: Hash + Eq, V: Clone>(entries: &mut HashMap<K, (Timestamp, V)>, key: K, value: &V, now: Timestamp) {
    if entries.len() >= ENTRIES && !entries.contains_key(&key) {
        entries.clear();
    }
    entries.insert(key, (now, value.clone()));
}
