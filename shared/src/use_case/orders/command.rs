//! What callers ask for, after parsing: values that keep their rules.

use rust_decimal::Decimal;

use crate::{
    domain::{
        cart::RequestedItem,
        catalogue::{Category, Direction},
        idempotency::Fingerprint,
        ids::{BouquetId, PaymentMethodId},
        status::Status,
        work_order::Customer,
    },
    ports::LookupKeys,
};

/// Who buys.
#[derive(Clone)]
pub enum Buyer {
    /// This customer.
    Given(Customer),
    /// The customer of the line that is renewed.
    OfLine,
}

/// A cart and how it was or will be paid.
#[derive(Clone)]
pub struct OrderRequest {
    /// Who buys.
    pub buyer: Buyer,
    /// How it is paid.
    pub payment_method_id: Option<PaymentMethodId>,
    /// What is bought, 1..=50 lines.
    pub items: Vec<RequestedItem>,
    /// Did its one item's fields stand beside the others?
    pub one_item: bool,
    /// The gateway's id of the payment.
    pub payment_transaction_id: Option<String>,
    /// The amount paid, not yet in a currency.
    pub payment_amount: Option<Decimal>,
    /// The shop's id of the order.
    pub wc_order_id: Option<String>,
    /// Nothing is to be paid.
    pub is_free: bool,
    /// Explicit bouquets for new lines.
    pub bouquet_ids: Vec<BouquetId>,
    /// Kinds of content for new lines.
    pub categories: Vec<Category>,
    /// For operators.
    pub notes: Option<String>,
    /// Where it came from.
    pub source: String,
}

impl OrderRequest {
    /// The stored things the request names, its key aside.
    pub fn lookup_keys(&self) -> LookupKeys {
        LookupKeys {
            key: None,
            products: self.items.iter().map(|item| item.product_id).collect(),
            payment_method: self.payment_method_id.filter(|_| !self.is_free),
            bouquets: self.bouquet_ids.iter().copied().collect(),
            lines: self.items.iter().filter_map(|item| item.activation_id).collect(),
        }
    }

    /// What two copies of a request have in common: customer and items, and the status if one is given.
    pub fn fingerprint(&self, status: Option<Status>) -> Fingerprint {
        let email = match &self.buyer {
            Buyer::Given(customer) => customer.email.normalized(),
            // The line says who that is, and the line is one of the items.
            Buyer::OfLine => String::new(),
        };
        let mut parts = vec![email, status.map_or("", Status::as_str).to_owned()];
        for item in &self.items {
            let line = item.activation_id.map(|id| id.to_string()).unwrap_or_default();
            parts.push(format!("{} {} {line} {}", item.intent.as_str(), item.product_id, item.qty));
        }
        Fingerprint::of(parts.iter().map(String::as_str))
    }
}

/// complete_order.
#[derive(Clone)]
pub enum CompleteOrder {
    /// A new order that is paid.
    Cart(Box<OrderRequest>),
    /// An order that create_work_order made is paid.
    ByToken(CompleteByToken),
}

/// Completes the order that a token names.
#[derive(Clone)]
pub struct CompleteByToken {
    /// The token as it was presented.
    pub token: String,
    /// The gateway's id of the payment.
    pub payment_transaction_id: Option<String>,
    /// The amount paid; none: all that was due.
    pub payment_amount: Option<Decimal>,
    /// How it was paid.
    pub payment_method_id: Option<PaymentMethodId>,
}

impl CompleteOrder {
    /// The stored things the request names, its key aside.
    pub fn lookup_keys(&self) -> LookupKeys {
        match self {
            Self::Cart(request) => request.lookup_keys(),
            Self::ByToken(request) => LookupKeys { payment_method: request.payment_method_id, ..LookupKeys::default() },
        }
    }
}

/// What a shop says about a fee or discount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdjustmentRequest {
    /// Nothing: the payment method's own applies.
    Unsaid,
    /// That there is none.
    None,
    /// This one.
    Given {
        /// Added or taken off.
        direction: Direction,
        /// What customers read.
        label: Option<String>,
        /// How much, not yet in a currency.
        amount: Decimal,
    },
}

/// create_work_order.
#[derive(Clone)]
pub struct CreateWorkOrder {
    /// Cart and customer.
    pub order: OrderRequest,
    /// The first state.
    pub status: Status,
    /// Fee or discount.
    pub adjustment: AdjustmentRequest,
}

impl CreateWorkOrder {
    /// The stored things the request names, its key aside.
    pub fn lookup_keys(&self) -> LookupKeys {
        self.order.lookup_keys()
    }
}

/// How a caller shows that an order is theirs.
#[derive(Clone)]
pub enum Proof {
    /// By its confirmation token.
    Token(String),
    /// By its customer's e-mail address.
    Email(String),
}

/// get_work_order.
#[derive(Clone)]
pub struct GetWorkOrder {
    /// The reference code as it was given.
    pub reference: String,
    /// The proof.
    pub proof: Proof,
}
