//! What complete_order and create_work_order have in common on the wire.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::{
    domain::{
        cart::{Intent, RequestedItem},
        catalogue::Category,
        email::Email,
        ids::{ActivationId, BouquetId, PaymentMethodId, ProductId},
        work_order::Customer,
    },
    use_case::orders::command::{Buyer, OrderRequest},
    wire::fields::Fields,
};

/// Characters of a string.
pub const TEXT: usize = 255;
/// Characters of notes.
pub const NOTES: usize = 5_000;
/// Lines of a cart.
const LINES: usize = 50;
/// Pieces of a line.
const QTY: u64 = 99;
/// New lines of an order.
const NEW_LINES: u32 = 99;
/// Explicit bouquets of an order.
const BOUQUETS: usize = 500;

/// Reads a cart for a customer; none if a rule is broken, which is then noted in `fields`.
pub fn read(fields: &mut Fields<'_>, default_source: &str, paid: Paid) -> Option<OrderRequest> {
    let buyer = buyer(fields);
    let items = items(fields);
    read_rest(fields, default_source, paid, buyer, items)
}

/// Reads one new line for a customer, its product beside the other fields.
pub fn read_activation(fields: &mut Fields<'_>) -> Option<OrderRequest> {
    let item = one_item(fields, Intent::NewActivation, Some(None));
    let buyer = buyer(fields);
    let request = read_rest(fields, "api", Paid::Already, buyer, item.map(|item| vec![item]))?;
    Some(OrderRequest { one_item: true, ..request })
}

/// Reads the renewal of one line; its customer is the line's. What else complete_order takes says nothing here.
pub fn read_renewal(fields: &mut Fields<'_>) -> Option<OrderRequest> {
    let activation_id = fields.id("activation_id").map(ActivationId);
    let activation_id = fields.required("activation_id", activation_id);
    let item = one_item(fields, Intent::Renewal, activation_id.map(Some));
    let payment = payment(fields, Paid::Already);
    let notes = fields.text("notes", NOTES);
    Some(OrderRequest {
        buyer: Buyer::OfLine,
        items: vec![item?],
        one_item: true,
        is_free: payment.is_free,
        payment_method_id: payment.method_id,
        payment_transaction_id: payment.transaction_id,
        payment_amount: payment.amount,
        wc_order_id: None,
        bouquet_ids: Vec::new(),
        categories: Vec::new(),
        notes,
        source: "api".to_owned(),
    })
}

#[allow(
    clippy::option_option,
    reason = "the outer one is a rule that was broken, the inner one a line that is not there yet"
)]
fn one_item(
    fields: &mut Fields<'_>,
    intent: Intent,
    activation_id: Option<Option<ActivationId>>,
) -> Option<RequestedItem> {
    let product_id = fields.id("product_id").map(ProductId);
    let product_id = fields.required("product_id", product_id);
    Some(RequestedItem { product_id: product_id?, intent, activation_id: activation_id?, qty: 1 })
}

/// When an order is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paid {
    /// Before it is sent: it names how, unless it is free.
    Already,
    /// Later: it may name how it will be.
    Later,
}

/// What is said about a payment.
struct Payment {
    is_free: bool,
    method_id: Option<PaymentMethodId>,
    transaction_id: Option<String>,
    amount: Option<Decimal>,
}

/// Whatever is said about the payment of a free order is ignored: a shop sends 0 as the method, or a word.
fn payment(fields: &mut Fields<'_>, paid: Paid) -> Payment {
    if fields.boolean("is_free") {
        return Payment { is_free: true, method_id: None, transaction_id: None, amount: None };
    }
    let method_id = fields.id("payment_method_id").map(PaymentMethodId);
    Payment {
        is_free: false,
        method_id: match paid {
            Paid::Already => fields.required("payment_method_id", method_id),
            Paid::Later => method_id,
        },
        transaction_id: fields.text("payment_transaction_id", TEXT),
        amount: fields.decimal("payment_amount"),
    }
}

/// All fields are read before one that is missing ends it: a caller gets every broken rule at once.
fn read_rest(
    fields: &mut Fields<'_>,
    default_source: &str,
    paid: Paid,
    buyer: Option<Buyer>,
    items: Option<Vec<RequestedItem>>,
) -> Option<OrderRequest> {
    let payment = payment(fields, paid);
    let wc_order_id = fields.text_or_integer("wc_order_id", TEXT);
    let bouquet_ids = bouquet_ids(fields);
    let categories = categories(fields);
    let notes = fields.text("notes", NOTES);
    let source = fields.text("source", TEXT);
    Some(OrderRequest {
        buyer: buyer?,
        items: items?,
        one_item: false,
        is_free: payment.is_free,
        payment_method_id: payment.method_id,
        payment_transaction_id: payment.transaction_id,
        payment_amount: payment.amount,
        wc_order_id,
        bouquet_ids,
        categories,
        notes,
        source: source.unwrap_or_else(|| default_source.to_owned()),
    })
}

fn buyer(fields: &mut Fields<'_>) -> Option<Buyer> {
    let email = email(fields);
    let name = fields.text("customer_name", TEXT);
    let phone = fields.text("customer_phone", TEXT);
    let address = fields.text("customer_address", TEXT);
    email.map(|email| Buyer::Given(Customer { email, name, phone, address }))
}

fn qty(fields: &mut Fields<'_>) -> u32 {
    fields.integer("qty", 1, QTY).and_then(|qty| u32::try_from(qty).ok()).unwrap_or(1)
}

fn email(fields: &mut Fields<'_>) -> Option<Email> {
    // Trimmed before its length counts.
    let text = fields.text("customer_email", 1_000);
    let text = fields.required("customer_email", text)?;
    let email = Email::parse(&text);
    if email.is_none() {
        fields
            .refuse("customer_email", "must be an e-mail address such as john@example.com, of at most 254 characters");
    }
    email
}

fn items(fields: &mut Fields<'_>) -> Option<Vec<RequestedItem>> {
    let values = fields.array("items", LINES);
    let values = fields.required("items", values)?;
    if values.is_empty() {
        fields.refuse("items", format!("must have 1 to {LINES} entries"));
        return None;
    }
    let mut items = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        match value {
            Value::Object(map) => items.extend(item(fields, map, index)),
            _ => fields.refuse(&format!("items[{index}]"), "must be an object"),
        }
    }
    let new_lines: u32 = items.iter().filter(|item| item.intent == Intent::NewActivation).map(|item| item.qty).sum();
    if new_lines > NEW_LINES {
        fields.refuse("items", format!("must not ask for more than {NEW_LINES} new lines (the sum of their `qty`)"));
    }
    (items.len() == values.len()).then_some(items)
}

fn item(outer: &mut Fields<'_>, map: &Map<String, Value>, index: usize) -> Option<RequestedItem> {
    let mut fields = Fields::within(map, format!("items[{index}]."));
    let product_id = fields.id("product_id").map(ProductId);
    let product_id = fields.required("product_id", product_id);
    let intent = fields.word("intent", &["new_activation", "renewal", "trial_upgrade"], Intent::parse);
    let intent = fields.required("intent", intent);
    // A new line has no number yet; one that is sent all the same says nothing.
    let activation_id = if intent.is_none_or(|intent| intent == Intent::NewActivation) {
        Some(None)
    } else {
        let id = fields.id("activation_id").map(ActivationId);
        fields.required("activation_id", id).map(Some)
    };
    let qty = qty(&mut fields);
    let errors = fields.into_errors();
    let broken = !errors.is_empty();
    outer.extend(errors);
    if broken {
        return None;
    }
    Some(RequestedItem { product_id: product_id?, intent: intent?, activation_id: activation_id?, qty })
}

fn bouquet_ids(fields: &mut Fields<'_>) -> Vec<BouquetId> {
    let values = fields.array("bouquet_ids", BOUQUETS).unwrap_or_default();
    let mut ids = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let name = format!("bouquet_ids[{index}]");
        match fields.id_value(&name, value).map(BouquetId) {
            Some(id) if !ids.contains(&id) => ids.push(id),
            Some(_) => {}
            None => {
                // Within an array, a blank is no number.
                let _ = fields.required::<BouquetId>(&name, None);
            }
        }
    }
    ids
}

fn categories(fields: &mut Fields<'_>) -> Vec<Category> {
    let values = fields.array("categories", TEXT).unwrap_or_default();
    let mut categories = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let Some(category) = value.as_str().and_then(Category::parse) else {
            fields.refuse(&format!("categories[{index}]"), format!("must be one of {}", Category::WORDS.join(", ")));
            continue;
        };
        if !categories.contains(&category) {
            categories.push(category);
        }
    }
    categories
}
