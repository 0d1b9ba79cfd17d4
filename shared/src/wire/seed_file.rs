//! The seed file: settings, keys, catalogue and lines as one JSON object.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use super::{
    fields::Fields,
    json::{JsonFault, parse_file},
};
use crate::{
    domain::{
        activation::Activation,
        api_key::{ApiKey, KeyHash, Scope},
        catalogue::{AdjustmentMode, Bouquet, Category, Direction, FeaturesMode, PaymentMethod, PaymentMode, Product},
        email::Email,
        ids::{ActivationId, BouquetId, MAX_ID, PaymentMethodId, ProductId, WorkOrderId},
        money::{Amount, Currency},
        provisioner::ProvisionerState,
        status::ActivationStatus,
        time::from_wire,
    },
    use_case::{operator::seed::Seed, refusal::FieldError},
};

const TEXT: usize = 255;
const LONG: usize = 5_000;
const ENTRIES: usize = 100_000;
/// Of a secret, in characters.
const SECRET: usize = 20;

/// Why a seed file cannot be used; each text names the entry.
#[derive(Debug, thiserror::Error)]
pub enum SeedFileError {
    /// Not a JSON object.
    #[error(transparent)]
    Json(#[from] JsonFault),
    /// Entries that break rules.
    #[error("{}", .0.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("\n"))]
    Entries(Vec<FieldError>),
}

/// Reads a seed file.
pub fn parse(text: &[u8]) -> Result<Seed, SeedFileError> {
    let map = parse_file(text)?;
    let mut fields = Fields::new(&map);
    fields.only(&["settings", "api_keys", "products", "payment_methods", "bouquets", "lines"]);
    let empty = Map::new();
    let settings = match fields.value("settings") {
        None => &empty,
        Some(Value::Object(settings)) => settings,
        Some(_) => {
            fields.refuse("settings", "must be an object");
            &empty
        }
    };
    let mut inner = Fields::within(settings, "settings.".to_owned());
    inner.only(&["currency", "first_work_order_id"]);
    let currency = currency(&mut inner, Currency::USD);
    let first_number = inner.integer("first_work_order_id", 1, MAX_ID / ActivationId::PER_ORDER).map(WorkOrderId);
    fields.extend(inner.into_errors());
    let seed = Seed {
        first_number,
        api_keys: entries(&mut fields, "api_keys", |_| None, api_key),
        products: entries(&mut fields, "products", |p: &Product| Some(p.id.0), |f| product(f, currency)),
        payment_methods: entries(&mut fields, "payment_methods", |m: &PaymentMethod| Some(m.id.0), payment_method),
        bouquets: entries(&mut fields, "bouquets", |b: &Bouquet| Some(b.id.0), bouquet),
        lines: entries(&mut fields, "lines", |l: &Activation| Some(l.id.0), line),
    };
    let errors = fields.into_errors();
    if errors.is_empty() { Ok(seed) } else { Err(SeedFileError::Entries(errors)) }
}

/// Reads an array of objects; two with one id are refused.
fn entries<T>(
    fields: &mut Fields<'_>,
    name: &str,
    id: impl Fn(&T) -> Option<u64>,
    read: impl Fn(&mut Fields<'_>) -> Option<T>,
) -> Vec<T> {
    let values = fields.array(name, ENTRIES).unwrap_or_default();
    let mut seen = HashSet::new();
    let mut entries = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let place = format!("{name}[{index}]");
        let Value::Object(map) = value else {
            fields.refuse(&place, "must be an object");
            continue;
        };
        let mut inner = Fields::within(map, format!("{place}."));
        if let Some(entry) = read(&mut inner) {
            if id(&entry).is_some_and(|id| !seen.insert(id)) {
                fields.refuse(&place, "has the id of an entry before it");
            }
            entries.push(entry);
        }
        fields.extend(inner.into_errors());
    }
    entries
}

fn currency(fields: &mut Fields<'_>, default: Currency) -> Currency {
    match fields.text("currency", 3).map(|code| Currency::parse(&code)) {
        None => default,
        Some(Ok(currency)) => currency,
        Some(Err(rule)) => {
            fields.refuse("currency", rule);
            default
        }
    }
}

fn name(fields: &mut Fields<'_>) -> Option<String> {
    let name = fields.text("name", TEXT);
    fields.required("name", name)
}

fn api_key(fields: &mut Fields<'_>) -> Option<ApiKey> {
    fields.only(&["name", "secret", "scopes"]);
    let name = name(fields);
    let secret = fields.text("secret", TEXT);
    let secret = fields.required("secret", secret);
    if secret.as_ref().is_some_and(|secret| secret.len() < SECRET || !secret.bytes().all(|b| b.is_ascii_graphic())) {
        fields.refuse("secret", format!("must be {SECRET} or more visible ASCII characters"));
    }
    let names = fields.array("scopes", Scope::ALL.len());
    let mut scopes = Vec::new();
    for (index, value) in names.unwrap_or_default().iter().enumerate() {
        match value.as_str().and_then(Scope::parse) {
            Some(scope) => scopes.push(scope),
            None => fields.refuse(
                &format!("scopes[{index}]"),
                format!("must be one of {}", Scope::ALL.map(|(name, _)| name).join(", ")),
            ),
        }
    }
    if names.is_none() {
        scopes.push(Scope::All);
    }
    Some(ApiKey { hash: KeyHash::of(&secret?), name: name?, scopes, revoked_at: None })
}

fn product(fields: &mut Fields<'_>, default_currency: Currency) -> Option<Product> {
    fields.only(&[
        "id",
        "name",
        "price_decimal",
        "currency",
        "duration_months",
        "connections",
        "is_trial",
        "active",
        "description",
        "panel_description",
        "alternate_name",
        "features_mode",
        "features_list",
        "sort_order",
        "panel_product_id",
        "bouquet_ids",
    ]);
    let id = fields.id("id").map(ProductId);
    let id = fields.required("id", id);
    let name = name(fields);
    let currency = currency(fields, default_currency);
    let price = fields.decimal("price_decimal");
    let price = match fields.required("price_decimal", price).map(|price| Amount::new(price, currency)) {
        Some(Err(rule)) => {
            fields.refuse("price_decimal", rule);
            None
        }
        price => price.and_then(Result::ok),
    };
    let duration_months = small(fields, "duration_months", 1, 120);
    let connections = small(fields, "connections", 1, 1_000);
    let features_mode = fields.word("features_mode", &FeaturesMode::WORDS, FeaturesMode::parse);
    let is_trial = fields.boolean("is_trial");
    let active = fields.boolean_or("active", true);
    let description = fields.text("description", LONG);
    let panel_description = fields.text("panel_description", LONG);
    let alternate_name = fields.text("alternate_name", TEXT);
    let sort_order = fields.integer("sort_order", 0, MAX_ID).unwrap_or(0);
    let panel_product_id = fields.text_or_integer("panel_product_id", TEXT);
    let bouquet_ids = bouquet_ids(fields);
    let features_list = fields.value("features_list").cloned();
    let id = id?;
    Some(Product {
        id,
        name: name?,
        price: price?,
        currency,
        duration_months: duration_months?,
        connections: connections?,
        is_trial,
        active,
        description,
        panel_description,
        alternate_name,
        features_mode: features_mode.unwrap_or(FeaturesMode::Inherit),
        features_list,
        sort_order: i64::try_from(sort_order).unwrap_or(0),
        panel_product_id: panel_product_id.unwrap_or_else(|| id.to_string()),
        bouquet_ids,
    })
}

fn small(fields: &mut Fields<'_>, name: &str, min: u64, max: u64) -> Option<u32> {
    let value = fields.integer(name, min, max);
    fields.required(name, value).and_then(|value| u32::try_from(value).ok())
}

fn bouquet_ids(fields: &mut Fields<'_>) -> Vec<BouquetId> {
    let values = fields.array("bouquet_ids", 500).unwrap_or_default();
    values
        .iter()
        .enumerate()
        .filter_map(|(index, value)| fields.id_value(&format!("bouquet_ids[{index}]"), value).map(BouquetId))
        .collect()
}

fn payment_method(fields: &mut Fields<'_>) -> Option<PaymentMethod> {
    fields.only(&[
        "id",
        "name",
        "display_label",
        "processor",
        "mode",
        "active",
        "instructions",
        "config",
        "adjustment_enabled",
        "adjustment_direction",
        "adjustment_mode",
        "adjustment_value",
    ]);
    let id = fields.id("id").map(PaymentMethodId);
    let id = fields.required("id", id);
    let name = name(fields);
    let mode = fields.word("mode", &PaymentMode::WORDS, PaymentMode::parse);
    let mode = fields.required("mode", mode);
    let config = match fields.value("config") {
        Some(Value::Object(config)) => config.clone(),
        None => Map::new(),
        // PHP writes an empty object as an empty array.
        Some(Value::Array(values)) if values.is_empty() => Map::new(),
        Some(_) => {
            fields.refuse("config", "must be an object");
            Map::new()
        }
    };
    let adjustment_direction = fields.word("adjustment_direction", &Direction::WORDS, Direction::parse);
    let adjustment_mode = fields.word("adjustment_mode", &AdjustmentMode::WORDS, AdjustmentMode::parse);
    let adjustment_value = fields.decimal("adjustment_value");
    if adjustment_value.is_some_and(|value| value.is_sign_negative() && !value.is_zero()) {
        fields.refuse("adjustment_value", "must not be negative");
    }
    let adjustment_enabled = fields.boolean("adjustment_enabled");
    if adjustment_enabled && (adjustment_direction.is_none() || adjustment_mode.is_none() || adjustment_value.is_none())
    {
        fields.refuse("adjustment_enabled", "needs `adjustment_direction`, `adjustment_mode` and `adjustment_value`");
    }
    let display_label = fields.text("display_label", TEXT);
    let processor = fields.text("processor", TEXT);
    let active = fields.boolean_or("active", true);
    let instructions = fields.text("instructions", LONG);
    Some(PaymentMethod {
        id: id?,
        name: name?,
        display_label,
        processor,
        mode: mode?,
        active,
        instructions,
        config,
        adjustment_enabled,
        adjustment_direction,
        adjustment_mode,
        adjustment_value,
    })
}

fn bouquet(fields: &mut Fields<'_>) -> Option<Bouquet> {
    fields.only(&["id", "name", "category"]);
    let id = fields.id("id").map(BouquetId);
    let id = fields.required("id", id);
    let name = name(fields);
    let category = fields.word("category", &Category::WORDS, Category::parse);
    let category = fields.required("category", category);
    Some(Bouquet { id: id?, name: name?, category: category? })
}

fn line(fields: &mut Fields<'_>) -> Option<Activation> {
    fields.only(&[
        "activation_id",
        "product_id",
        "customer_email",
        "customer_name",
        "username",
        "connections",
        "is_trial",
        "expires_at",
    ]);
    let id = fields.id("activation_id").map(ActivationId);
    let id = fields.required("activation_id", id);
    let product_id = fields.id("product_id").map(ProductId);
    let product_id = fields.required("product_id", product_id);
    let email = fields.text("customer_email", TEXT);
    let email = fields.required("customer_email", email).and_then(|text| {
        let email = Email::parse(&text);
        if email.is_none() {
            fields.refuse("customer_email", "must be an e-mail address such as john@example.com");
        }
        email
    });
    let connections = small(fields, "connections", 1, 1_000);
    let expires_at = fields.text("expires_at", TEXT).and_then(|text| {
        let at = from_wire(&text);
        if at.is_none() {
            fields.refuse("expires_at", "must be a time `YYYY-MM-DD HH:MM:SS`, UTC");
        }
        at
    });
    let customer_name = fields.text("customer_name", TEXT);
    let username = fields.text("username", TEXT);
    let is_trial = fields.boolean("is_trial");
    Some(Activation {
        id: id?,
        origin: None,
        product_id: product_id?,
        customer_email: email?,
        customer_name,
        username,
        password: None,
        connections: connections?,
        bouquet_ids: Vec::new(),
        categories: Vec::new(),
        starts_at: None,
        expires_at,
        status: ActivationStatus::Active,
        is_trial,
        applied: BTreeSet::new(),
        changes: Vec::new(),
        provisioner: ProvisionerState::default(),
        version: 1,
    })
}
