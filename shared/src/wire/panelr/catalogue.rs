//! The catalogue into replies: what is active, in a fixed order.

use serde_json::{Value, json};

use crate::domain::catalogue::{Bouquet, PaymentMethod, PaymentMode, Product};

/// The reply to get_products: by sort_order, then id.
pub fn products(mut products: Vec<Product>) -> Value {
    products.retain(|product| product.active);
    products.sort_unstable_by_key(|product| (product.sort_order, product.id));
    products.iter().map(product).collect()
}

/// The reply to get_payment_methods, by id.
pub fn payment_methods(mut methods: Vec<PaymentMethod>) -> Value {
    methods.retain(|method| method.active);
    methods.sort_unstable_by_key(|method| method.id);
    methods.iter().map(payment_method).collect()
}

/// The reply to get_bouquets, by id.
pub fn bouquets(mut bouquets: Vec<Bouquet>) -> Value {
    bouquets.sort_unstable_by_key(|bouquet| bouquet.id);
    bouquets.iter().map(|b| json!({ "id": b.id, "name": b.name, "category": b.category })).collect()
}

fn product(product: &Product) -> Value {
    json!({
        "id": product.id,
        "name": product.name,
        "alternate_name": product.alternate_name,
        "description": product.description,
        "panel_description": product.panel_description,
        "price_decimal": product.price.to_json(),
        "currency": product.currency.code(),
        "duration_months": product.duration_months,
        "connections": product.connections,
        "features_mode": product.features_mode,
        "features_list": product.features_list,
        "sort_order": product.sort_order,
        "panel_product_id": product.panel_product_id,
        "bouquet_ids": product.bouquet_ids,
    })
}

fn payment_method(method: &PaymentMethod) -> Value {
    use rust_decimal::prelude::ToPrimitive;
    json!({
        "id": method.id,
        "name": method.name,
        "display_label": method.label(),
        "processor": method.processor,
        "mode": method.mode,
        "is_automated": method.mode == PaymentMode::Automated,
        "instructions": method.instructions,
        "config": method.config,
        "adjustment_enabled": method.adjustment_enabled,
        "adjustment_direction": method.adjustment_direction,
        "adjustment_mode": method.adjustment_mode,
        "adjustment_value": method.adjustment_value.and_then(|value| value.to_f64()),
    })
}
