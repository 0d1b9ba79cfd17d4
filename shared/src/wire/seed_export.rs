//! The stored catalogue as a seed file, which reads back as the same.

use serde_json::{Map, Value, json};

use crate::domain::{
    catalogue::{Bouquet, PaymentMethod, Product},
    ids::WorkOrderId,
};

/// A seed file of a catalogue, each part by id. It has no keys, for their secrets are nowhere kept, and no lines.
pub fn export(
    first_number: Option<WorkOrderId>,
    mut products: Vec<Product>,
    mut methods: Vec<PaymentMethod>,
    mut bouquets: Vec<Bouquet>,
) -> Value {
    products.sort_unstable_by_key(|product| product.id);
    methods.sort_unstable_by_key(|method| method.id);
    bouquets.sort_unstable_by_key(|bouquet| bouquet.id);
    let mut file = Map::new();
    if let Some(first) = first_number {
        file.insert("settings".to_owned(), json!({ "first_work_order_id": first }));
    }
    file.insert("products".to_owned(), products.iter().map(product).collect());
    file.insert("payment_methods".to_owned(), methods.iter().map(payment_method).collect());
    file.insert("bouquets".to_owned(), bouquets.iter().map(bouquet).collect());
    Value::Object(file)
}

fn product(product: &Product) -> Value {
    without_nulls(json!({
        "id": product.id,
        "name": product.name,
        "price_decimal": product.price.to_json(),
        "currency": product.currency.code(),
        "duration_months": product.duration_months,
        "connections": product.connections,
        "is_trial": product.is_trial,
        "active": product.active,
        "description": product.description,
        "panel_description": product.panel_description,
        "alternate_name": product.alternate_name,
        "features_mode": product.features_mode,
        "features_list": product.features_list,
        "sort_order": product.sort_order,
        "panel_product_id": product.panel_product_id,
        "bouquet_ids": product.bouquet_ids,
    }))
}

fn payment_method(method: &PaymentMethod) -> Value {
    without_nulls(json!({
        "id": method.id,
        "name": method.name,
        "display_label": method.display_label,
        "processor": method.processor,
        "mode": method.mode,
        "active": method.active,
        "instructions": method.instructions,
        "config": method.config,
        "adjustment_enabled": method.adjustment_enabled,
        "adjustment_direction": method.adjustment_direction,
        "adjustment_mode": method.adjustment_mode,
        // As text: a JSON number would not hold every decimal.
        "adjustment_value": method.adjustment_value.map(|value| value.to_string()),
    }))
}

fn bouquet(bouquet: &Bouquet) -> Value {
    json!({ "id": bouquet.id, "name": bouquet.name, "category": bouquet.category })
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::seed_file::parse;

    const FILE: &str = r#"{
        "settings": { "currency": "KWD", "first_work_order_id": 42 },
        "products": [
            { "id": 2, "name": "Plus", "price_decimal": "26.505", "duration_months": 3, "connections": 2, "is_trial": true, "active": false,
              "description": "Two\nscreens", "panel_description": "p", "alternate_name": "a", "features_mode": "custom", "features_list": ["x", { "y": 1.0 }],
              "sort_order": 7, "panel_product_id": "P-2", "bouquet_ids": [3, 1] },
            { "id": 1, "name": "Basic", "price_decimal": 9.99, "currency": "USD", "duration_months": 1, "connections": 1 }
        ],
        "payment_methods": [
            { "id": 2, "name": "venmo", "display_label": "Venmo", "mode": "manual", "instructions": "Send it.", "config": { "a": [1, null] },
              "adjustment_enabled": true, "adjustment_direction": "fee", "adjustment_mode": "percent", "adjustment_value": "5.125" },
            { "id": 1, "name": "stripe", "processor": "stripe", "mode": "automated", "active": false }
        ],
        "bouquets": [{ "id": 3, "name": "Series", "category": "series" }, { "id": 1, "name": "News", "category": "live" }]
    }"#;

    #[test]
    fn an_exported_file_reads_back_as_the_same() {
        let seed = parse(FILE.as_bytes()).unwrap();
        let file =
            export(seed.first_number, seed.products.clone(), seed.payment_methods.clone(), seed.bouquets.clone());
        let mut again = parse(file.to_string().as_bytes()).unwrap();
        again.products.reverse();
        again.payment_methods.reverse();
        again.bouquets.reverse();
        assert_eq!(again.first_number, seed.first_number);
        assert_eq!(again.products, seed.products);
        assert_eq!(again.payment_methods, seed.payment_methods);
        assert_eq!(again.bouquets, seed.bouquets);
        assert_eq!(parse(export(None, vec![], vec![], vec![]).to_string().as_bytes()).unwrap().products, []);
    }
}
