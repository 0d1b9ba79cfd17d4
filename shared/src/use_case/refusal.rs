//! Why an action is not done, one type for each family of actions. In each, `Unavailable` is a fault of ours: the same
//! request may come again. The other variants are for the caller to correct, and nothing was changed, except for
//! [`TokenPaymentRefusal::BalanceLeft`].

use crate::{
    domain::{ids::PaymentMethodId, money::Amount, status::Status, work_order::TransitionError},
    ports::PortError,
};

/// A field of a request that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Its path, `items[0].qty`.
    pub field: String,
    /// A whole sentence that names the field.
    pub message: String,
}

impl FieldError {
    /// The sentence `` `field` rule.``
    pub fn new(field: impl Into<String>, rule: impl std::fmt::Display) -> Self {
        let field = field.into();
        let message = format!("`{field}` {rule}.");
        Self { field, message }
    }
}

/// Why an action on a stored order is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRefusal {
    /// There is no such order. The same for a wrong token or e-mail address, so that orders cannot be probed.
    NoSuchOrder,
    /// The order's state does not allow it.
    WrongState(Status),
    /// The store failed; the cause is for the log.
    Unavailable(PortError),
}

/// Why an action on a stored order under an idempotency key is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyedRefusal {
    /// The key was used for another request, about the order with this reference code.
    KeyUsed(String),
    /// As for any stored order.
    Order(OrderRefusal),
}

/// Why a payment of a stored order is not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentRefusal {
    /// A field breaks a rule.
    Invalid(FieldError),
    /// As for any stored order.
    Order(OrderRefusal),
}

/// Why an order is not completed by its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenPaymentRefusal {
    /// The payment was kept, but this much is still due.
    BalanceLeft {
        /// What is still due.
        balance: Amount,
        /// The same for a person, `$5.00`.
        formatted: String,
    },
    /// The idempotency key was used for another request, about the order with this reference code.
    KeyUsed(String),
    /// As for any payment.
    Payment(PaymentRefusal),
}

/// Why a new order is not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewOrderRefusal {
    /// Fields break rules.
    Invalid(Vec<FieldError>),
    /// The request's identity was used for another request, which made the order with this reference code.
    KeyUsed(String),
    /// A manual payment method was given for an automatic completion.
    ManualMethod(PaymentMethodId),
    /// The store failed; the cause is for the log.
    Unavailable(PortError),
}

impl From<PortError> for OrderRefusal {
    fn from(error: PortError) -> Self {
        Self::Unavailable(error)
    }
}

impl From<TransitionError> for OrderRefusal {
    fn from(error: TransitionError) -> Self {
        Self::WrongState(error.from)
    }
}

impl From<PortError> for NewOrderRefusal {
    fn from(error: PortError) -> Self {
        Self::Unavailable(error)
    }
}

impl From<FieldError> for NewOrderRefusal {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}

impl From<FieldError> for PaymentRefusal {
    fn from(error: FieldError) -> Self {
        Self::Invalid(error)
    }
}

impl From<FieldError> for TokenPaymentRefusal {
    fn from(error: FieldError) -> Self {
        Self::Payment(error.into())
    }
}

impl From<KeyedRefusal> for TokenPaymentRefusal {
    fn from(refusal: KeyedRefusal) -> Self {
        match refusal {
            KeyedRefusal::KeyUsed(reference) => Self::KeyUsed(reference),
            KeyedRefusal::Order(refusal) => refusal.into(),
        }
    }
}

/// The families that hold an [`OrderRefusal`] take whatever becomes one.
macro_rules! from_order_refusal {
    ($($family:ident: $wrap:expr),+ $(,)?) => {$(
        impl From<OrderRefusal> for $family {
            fn from(refusal: OrderRefusal) -> Self {
                $wrap(refusal)
            }
        }

        impl From<PortError> for $family {
            fn from(error: PortError) -> Self {
                OrderRefusal::from(error).into()
            }
        }

        impl From<TransitionError> for $family {
            fn from(error: TransitionError) -> Self {
                OrderRefusal::from(error).into()
            }
        }
    )+};
}

from_order_refusal! {
    KeyedRefusal: Self::Order,
    PaymentRefusal: Self::Order,
    TokenPaymentRefusal: |refusal| Self::Payment(PaymentRefusal::Order(refusal)),
}
