//! Numbers that name things. A type each, so that a line's number is never passed for a product's.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest id that survives every client's JSON parser: 2^53 - 1, JavaScript's largest safe integer.
pub const MAX_ID: u64 = 9_007_199_254_740_991;

/// A product of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductId(pub u64);

/// A payment method of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PaymentMethodId(pub u64);

/// A bouquet (a bundle of channels or titles) of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BouquetId(pub u64);

/// A service line. A line made by an order has the number `work order number * 100 + unit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActivationId(pub u64);

/// The number of a work order, the `42` of `WO-2026-00042`. Numbers never repeat; they may have gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkOrderId(pub u64);

impl ActivationId {
    /// Lines an order can make: the last two digits of their numbers.
    pub const PER_ORDER: u64 = 100;

    /// The number of the line that unit `unit` (1..=99) of order `number` becomes. It can be computed again at
    /// any time, so that making a line needs no counter and can be repeated.
    pub fn of_unit(number: WorkOrderId, unit: u32) -> Self {
        Self(number.0 * Self::PER_ORDER + u64::from(unit))
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for PaymentMethodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for BouquetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ActivationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for WorkOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
