//! The catalogue, and the first number: read by actions, written by operators.

use std::future::Future;

use super::{error::PortError, write::Save};
use crate::domain::{
    catalogue::{Bouquet, PaymentMethod, Product},
    ids::WorkOrderId,
};

/// The catalogue as a whole.
pub trait Catalogue: Send + Sync {
    /// Every product, inactive ones too.
    fn products(&self) -> impl Future<Output = Result<Vec<Product>, PortError>> + Send;

    /// Every payment method, inactive ones too.
    fn payment_methods(&self) -> impl Future<Output = Result<Vec<PaymentMethod>, PortError>> + Send;

    /// Every bouquet.
    fn bouquets(&self) -> impl Future<Output = Result<Vec<Bouquet>, PortError>> + Send;
}

/// What operators put in: catalogue, the first number.
pub trait Setup: Send + Sync {
    /// Stores a product in place of `old`, if that is what is stored under its number; where `old` is none, if nothing is.
    fn put_product(
        &self,
        old: Option<&Product>,
        product: &Product,
    ) -> impl Future<Output = Result<Save, PortError>> + Send;

    /// Stores a payment method, on the same condition.
    fn put_payment_method(
        &self,
        old: Option<&PaymentMethod>,
        method: &PaymentMethod,
    ) -> impl Future<Output = Result<Save, PortError>> + Send;

    /// Stores a bouquet, on the same condition.
    fn put_bouquet(
        &self,
        old: Option<&Bouquet>,
        bouquet: &Bouquet,
    ) -> impl Future<Output = Result<Save, PortError>> + Send;

    /// The number the first order had or will have; none before the first was taken or set.
    fn first_number(&self) -> impl Future<Output = Result<Option<WorkOrderId>, PortError>> + Send;

    /// Sets the first number, unless numbers were set or taken before.
    fn begin_numbers(&self, first: WorkOrderId) -> impl Future<Output = Result<(), PortError>> + Send;
}
