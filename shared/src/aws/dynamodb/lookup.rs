//! What a request names, in one consistent BatchGetItem.

use super::{
    DynamoDb,
    layout::{Item, Key, from_item},
    locked,
};
use crate::ports::{Lookup, LookupKeys, LookupResult, PortError};

impl Lookup for DynamoDb {
    async fn look_up(&self, lookup_keys: &LookupKeys) -> Result<LookupResult, PortError> {
        let mut lookup_keys = lookup_keys.clone();
        let now = self.0.clock.now();
        let known = locked(&self.0.cache).take_known(&mut lookup_keys, now);
        let keys: Vec<Key> = std::iter::empty()
            .chain(lookup_keys.key.iter().map(Key::api_key))
            .chain(lookup_keys.payment_method.map(Key::payment_method))
            .chain(lookup_keys.products.iter().copied().map(Key::product))
            .chain(lookup_keys.bouquets.iter().copied().map(Key::bouquet))
            .chain(lookup_keys.lines.iter().copied().map(Key::line))
            .collect();
        if keys.is_empty() {
            return Ok(known);
        }
        let mut found = LookupResult::default();
        for (key, item) in self.batch_get(keys).await? {
            insert_item(&mut found, &key, item)?;
        }
        // What the answer took may be older than its end: remembered as of the question.
        locked(&self.0.cache).remember(&found, now);
        found.key = found.key.or(known.key);
        found.payment_method = found.payment_method.or(known.payment_method);
        found.products.extend(known.products);
        found.bouquets.extend(known.bouquets);
        Ok(found)
    }
}

fn insert_item(found: &mut LookupResult, key: &Key, item: Item) -> Result<(), PortError> {
    match key.sk.split('#').next() {
        Some("key") => found.key = Some(from_item(item, "API key")?),
        Some("method") => found.payment_method = Some(from_item(item, "payment method")?),
        Some("product") => {
            let product: crate::domain::catalogue::Product = from_item(item, "product")?;
            found.products.insert(product.id, product);
        }
        Some("bouquet") => {
            let bouquet: crate::domain::catalogue::Bouquet = from_item(item, "bouquet")?;
            found.bouquets.insert(bouquet.id, bouquet);
        }
        Some("line") => {
            let line: crate::domain::activation::Activation = from_item(item, "line")?;
            found.lines.insert(line.id, line);
        }
        _ => {}
    }
    Ok(())
}
