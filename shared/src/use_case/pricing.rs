//! From what is asked for to what it is: products, prices, methods and lines looked up and held against the rules.

use rust_decimal::Decimal;

use super::{
    orders::command::{Buyer, OrderRequest},
    refusal::FieldError,
};
use crate::{
    domain::{
        activation::{self, Mismatch},
        cart::CartItem,
        catalogue::PaymentMethod,
        ids::PaymentMethodId,
        money::{Amount, Currency},
        work_order::Customer,
    },
    ports::LookupResult,
};

/// A cart at today's prices, in one currency.
pub struct Priced {
    /// Its lines.
    pub cart: Vec<CartItem>,
    /// The currency of them all.
    pub currency: Currency,
    /// Sum of the lines.
    pub sum: Amount,
}

/// Prices the cart of `request` with what was `found`. Every rule that is broken is reported.
pub fn price(request: &OrderRequest, found: &LookupResult) -> Result<Priced, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut cart = Vec::with_capacity(request.items.len());
    let mut currency = None;
    for (index, item) in request.items.iter().enumerate() {
        let field = |name: &str| if request.one_item { name.to_owned() } else { format!("items[{index}].{name}") };
        let Some(product) = found.products.get(&item.product_id) else {
            errors.push(FieldError::new(
                field("product_id"),
                format!("names no product: there is none with id {}", item.product_id),
            ));
            continue;
        };
        if !product.active {
            errors.push(FieldError::new(
                field("product_id"),
                format!("names product {}, which is not for sale", product.id),
            ));
        }
        if *currency.get_or_insert(product.currency) != product.currency {
            errors.push(FieldError::new(
                field("product_id"),
                "has another currency than the products before it; a cart has one currency",
            ));
        }
        if let Some(id) = item.activation_id {
            match found.lines.get(&id).filter(|line| line.exists()) {
                None => errors.push(FieldError::new(
                    field("activation_id"),
                    format!("names no line: there is none with id {id}"),
                )),
                Some(line) => {
                    if let Err(mismatch) = activation::check(item.intent, product, line) {
                        let name = match mismatch {
                            Mismatch::FewerConnections => "product_id",
                            Mismatch::NotATrial => "activation_id",
                        };
                        errors.push(FieldError::new(field(name), mismatch));
                    }
                }
            }
        }
        cart.push(CartItem::new(item, product));
    }
    for (index, id) in request.bouquet_ids.iter().enumerate() {
        if !found.bouquets.contains_key(id) {
            errors.push(FieldError::new(
                format!("bouquet_ids[{index}]"),
                format!("names no bouquet: there is none with id {id}"),
            ));
        }
    }
    match currency {
        Some(currency) if errors.is_empty() => {
            let sum = cart.iter().map(CartItem::total).sum();
            Ok(Priced { cart, currency, sum })
        }
        _ => Err(errors),
    }
}

/// Who buys: the customer that was given, or the one of the line that is renewed.
pub fn customer(request: &OrderRequest, found: &LookupResult) -> Result<Customer, FieldError> {
    match &request.buyer {
        Buyer::Given(customer) => Ok(customer.clone()),
        Buyer::OfLine => {
            let line = request.items.iter().find_map(|item| found.lines.get(&item.activation_id?));
            let line = line.ok_or_else(|| FieldError::new("activation_id", "names no line"))?;
            Ok(Customer {
                email: line.customer_email.clone(),
                name: line.customer_name.clone(),
                phone: None,
                address: None,
            })
        }
    }
}

/// The active method with number `id`.
pub fn active_method(id: PaymentMethodId, found: &LookupResult) -> Result<&PaymentMethod, FieldError> {
    match &found.payment_method {
        Some(method) if method.id == id && method.active => Ok(method),
        Some(method) if method.id == id => {
            Err(FieldError::new("payment_method_id", format!("names payment method {id}, which is not active")))
        }
        _ => Err(FieldError::new("payment_method_id", format!("names no payment method: there is none with id {id}"))),
    }
}

/// The amount that a request's number means in `currency`.
pub fn amount(field: &str, value: Decimal, currency: Currency) -> Result<Amount, FieldError> {
    Amount::new(value, currency).map_err(|rule| FieldError::new(field, rule))
}
