//! What the service does, one file an action, as plain functions over the ports.

use std::sync::Arc;

use crate::{
    domain::{
        ids::PaymentMethodId, money::Amount, status::Status, time::Timestamp, token::TokenSecrets,
        work_order::TransitionError,
    },
    ports::{Clock, PortError},
};

pub mod auth;
pub mod idempotency;
pub mod key_bindings;
pub mod operator;
pub mod orders;
pub mod payments;
pub mod pricing;
pub mod provisioning;
pub mod rate_limit;
pub mod webhooks;

use rate_limit::RateLimits;

/// What the use cases work with: a store and a queue (implementations of the ports an action asks for), the secrets of
/// the confirmation tokens, the time.
#[derive(Clone)]
pub struct Service<S, Q, T = TokenSecrets> {
    /// Orders, lines, catalogue, keys.
    pub store: S,
    /// The provisioning queue; `()` for actions that do not queue.
    pub queue: Q,
    /// For confirmation tokens; `()` for actions that neither give nor take them.
    pub tokens: T,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How fast one key may send.
    pub limits: RateLimits,
}

/// The service of an action that neither gives nor takes confirmation tokens.
pub type Worker<S, Q> = Service<S, Q, ()>;

impl<S, Q, T> Service<S, Q, T> {
    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// A field of a request that breaks a rule. `message` is a whole sentence that names the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Its path, `items[0].qty`.
    pub field: String,
    /// The sentence.
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

/// Why an action was not done. The first four are the caller's to mend, and nothing was changed (but for a payment that
/// is kept, see [`Refusal::BalanceLeft`]); the last is ours, and the same request may come again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Fields break rules.
    Invalid(Vec<FieldError>),
    /// The once-only key was used for another request, which made the order with this reference code.
    KeyUsed(String),
    /// There is no such order; the same for a wrong token or e-mail, so that orders cannot be probed.
    NoSuchOrder,
    /// The order's state does not allow it.
    WrongState(Status),
    /// The payment was kept, but this much is still due, in the currency of the formatted text.
    BalanceLeft {
        /// What is still due.
        balance: Amount,
        /// The same for a person, `$5.00`.
        formatted: String,
    },
    /// A manual method was given for an automatic completion.
    ManualMethod(PaymentMethodId),
    /// A fault of the store; the cause is for the log.
    Unavailable(PortError),
}

impl From<PortError> for Refusal {
    fn from(error: PortError) -> Self {
        Self::Unavailable(error)
    }
}

impl From<TransitionError> for Refusal {
    fn from(refused: TransitionError) -> Self {
        Self::WrongState(refused.from)
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}

/// How often a lost race is read and decided again before it is given back as a passing fault. Each round, somebody
/// else got through: more than a few in a row do not happen to one order.
pub(crate) const RACE_ROUNDS: usize = 12;

/// The fault of a race that was lost too often.
pub(crate) fn too_contended(what: &str) -> PortError {
    PortError::Unavailable(format!("{what} was changed by others {RACE_ROUNDS} times in a row"))
}
