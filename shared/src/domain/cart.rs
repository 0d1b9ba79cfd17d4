//! What an order asks for, line by line.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::{
    catalogue::Product,
    ids::{ActivationId, BouquetId, ProductId},
    money::Amount,
};

/// What a cart line is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Make new lines.
    NewActivation,
    /// Add time to a line.
    Renewal,
    /// Turn a trial line into a paid one.
    TrialUpgrade,
}

impl Intent {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewActivation => "new_activation",
            Self::Renewal => "renewal",
            Self::TrialUpgrade => "trial_upgrade",
        }
    }

    /// The intent with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::NewActivation, Self::Renewal, Self::TrialUpgrade].into_iter().find(|intent| intent.as_str() == name)
    }
}

/// A cart line as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedItem {
    /// The product.
    pub product_id: ProductId,
    /// What to do.
    pub intent: Intent,
    /// The line to renew or upgrade; none for a new activation.
    pub activation_id: Option<ActivationId>,
    /// Pieces, 1..=99.
    pub qty: u32,
}

/// A cart line of an order: the product as it was when the order was made, and what became of it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartItem {
    /// The product.
    pub product_id: ProductId,
    /// Its name then.
    pub name: String,
    /// Its price then, for one piece.
    pub price: Amount,
    /// Months one piece bought then.
    pub duration_months: u32,
    /// Its connections then.
    pub connections: u32,
    /// Was it a trial?
    pub is_trial: bool,
    /// Its bouquets then.
    pub bouquet_ids: Vec<BouquetId>,
    /// What the provisioner called the product then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panel_product_id: Option<String>,
    /// What to do.
    pub intent: Intent,
    /// The line to renew or upgrade, as ordered.
    pub activation_id: Option<ActivationId>,
    /// Pieces.
    pub qty: u32,
    /// User names of the lines it became, once provisioned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub linked_usernames: Vec<String>,
}

impl CartItem {
    /// The line for `item` at today's terms of `product`.
    pub fn new(item: &RequestedItem, product: &Product) -> Self {
        Self {
            product_id: product.id,
            name: product.name.clone(),
            price: product.price,
            duration_months: product.duration_months,
            connections: product.connections,
            is_trial: product.is_trial,
            bouquet_ids: product.bouquet_ids.clone(),
            panel_product_id: Some(product.panel_product_id.clone()),
            intent: item.intent,
            activation_id: item.activation_id,
            qty: item.qty,
            linked_usernames: Vec::new(),
        }
    }

    /// `price * qty`.
    pub fn total(&self) -> Amount {
        self.price.times(self.qty)
    }
}
