//! The catalogue into replies: what is active, in a fixed order.

use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::domain::{
    catalogue::{AdjustmentMode, Bouquet, Category, Direction, FeaturesMode, PaymentMethod, PaymentMode, Product},
    ids::{BouquetId, PaymentMethodId, ProductId},
};

/// The reply to get_products: by sort_order, then id.
pub fn products(mut products: Vec<Product>) -> impl Serialize {
    products.retain(|product| product.active);
    products.sort_unstable_by_key(|product| (product.sort_order, product.id));
    products.into_iter().map(ShownProduct::from).collect::<Vec<_>>()
}

/// The reply to get_payment_methods, by id.
pub fn payment_methods(mut methods: Vec<PaymentMethod>) -> impl Serialize {
    methods.retain(|method| method.active);
    methods.sort_unstable_by_key(|method| method.id);
    methods.into_iter().map(ShownMethod::from).collect::<Vec<_>>()
}

/// The reply to get_bouquets, by id.
pub fn bouquets(mut bouquets: Vec<Bouquet>) -> impl Serialize {
    bouquets.sort_unstable_by_key(|bouquet| bouquet.id);
    bouquets.into_iter().map(ShownBouquet::from).collect::<Vec<_>>()
}

/// A product; all its fields always stand.
#[derive(Serialize)]
struct ShownProduct {
    id: ProductId,
    name: String,
    alternate_name: Option<String>,
    description: Option<String>,
    panel_description: Option<String>,
    price_decimal: Number,
    currency: &'static str,
    duration_months: u32,
    connections: u32,
    features_mode: FeaturesMode,
    features_list: Option<Value>,
    sort_order: i64,
    panel_product_id: String,
    bouquet_ids: Vec<BouquetId>,
}

impl From<Product> for ShownProduct {
    fn from(product: Product) -> Self {
        Self {
            id: product.id,
            name: product.name,
            alternate_name: product.alternate_name,
            description: product.description,
            panel_description: product.panel_description,
            price_decimal: product.price.to_json(),
            currency: product.currency.code(),
            duration_months: product.duration_months,
            connections: product.connections,
            features_mode: product.features_mode,
            features_list: product.features_list,
            sort_order: product.sort_order,
            panel_product_id: product.panel_product_id,
            bouquet_ids: product.bouquet_ids,
        }
    }
}

/// A payment method; all its fields always stand.
#[derive(Serialize)]
struct ShownMethod {
    id: PaymentMethodId,
    name: String,
    display_label: String,
    processor: Option<String>,
    mode: PaymentMode,
    is_automated: bool,
    instructions: Option<String>,
    config: Map<String, Value>,
    adjustment_enabled: bool,
    adjustment_direction: Option<Direction>,
    adjustment_mode: Option<AdjustmentMode>,
    adjustment_value: Option<f64>,
}

impl From<PaymentMethod> for ShownMethod {
    fn from(method: PaymentMethod) -> Self {
        Self {
            id: method.id,
            display_label: method.label().to_owned(),
            name: method.name,
            processor: method.processor,
            mode: method.mode,
            is_automated: method.mode == PaymentMode::Automated,
            instructions: method.instructions,
            config: method.config,
            adjustment_enabled: method.adjustment_enabled,
            adjustment_direction: method.adjustment_direction,
            adjustment_mode: method.adjustment_mode,
            adjustment_value: method.adjustment_value.and_then(|value| value.to_f64()),
        }
    }
}

/// A bouquet.
#[derive(Serialize)]
struct ShownBouquet {
    id: BouquetId,
    name: String,
    category: Category,
}

impl From<Bouquet> for ShownBouquet {
    fn from(bouquet: Bouquet) -> Self {
        Self { id: bouquet.id, name: bouquet.name, category: bouquet.category }
    }
}
