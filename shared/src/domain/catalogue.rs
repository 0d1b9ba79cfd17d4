//! What a shop sells, how it is paid, and the bouquets a line may carry.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::{
    ids::{BouquetId, PaymentMethodId, ProductId},
    money::{Amount, Currency},
};

/// How a product's feature list is made up in a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeaturesMode {
    /// The shop's own list.
    Inherit,
    /// The shop's list and the product's.
    Extend,
    /// The product's list alone.
    Custom,
}

impl FeaturesMode {
    /// The names on the wire.
    pub const WORDS: [&str; 3] = ["inherit", "extend", "custom"];

    /// The one with this name.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "inherit" => Some(Self::Inherit),
            "extend" => Some(Self::Extend),
            "custom" => Some(Self::Custom),
            _ => None,
        }
    }
}

/// A subscription for sale.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its number.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// Price of one piece, in `currency`.
    pub price: Amount,
    /// The currency of `price`.
    pub currency: Currency,
    /// Calendar months that one piece buys, 1..=120.
    pub duration_months: u32,
    /// Devices that may watch at once.
    pub connections: u32,
    /// Is a line of it a free trial?
    pub is_trial: bool,
    /// Can it be ordered?
    pub active: bool,
    /// For the shop's page.
    pub description: Option<String>,
    /// For the provisioner's page.
    pub panel_description: Option<String>,
    /// A second name.
    pub alternate_name: Option<String>,
    /// How its feature list is made up.
    pub features_mode: FeaturesMode,
    /// Its own features.
    pub features_list: Option<serde_json::Value>,
    /// Place in a list.
    pub sort_order: i64,
    /// The product's id in the provisioner.
    pub panel_product_id: String,
    /// Bouquets of a line of it.
    pub bouquet_ids: Vec<BouquetId>,
}

/// Whether a payment is confirmed by a gateway or by a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMode {
    /// A gateway confirms it.
    Automated,
    /// A person confirms it.
    Manual,
}

impl PaymentMode {
    /// The names on the wire.
    pub const WORDS: [&str; 2] = ["automated", "manual"];

    /// The one with this name.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "automated" => Some(Self::Automated),
            "manual" => Some(Self::Manual),
            _ => None,
        }
    }
}

/// Which way an adjustment moves the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Added.
    Fee,
    /// Taken off.
    Discount,
}

impl Direction {
    /// The names on the wire.
    pub const WORDS: [&str; 2] = ["fee", "discount"];

    /// The one with this name.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Fee, Self::Discount].into_iter().find(|direction| direction.as_str() == word)
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fee => "fee",
            Self::Discount => "discount",
        }
    }
}

/// How the value of a method's own adjustment is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentMode {
    /// An amount in the cart's currency.
    Fixed,
    /// Hundredths of the cart's sum.
    Percent,
}

impl AdjustmentMode {
    /// The names on the wire.
    pub const WORDS: [&str; 2] = ["fixed", "percent"];

    /// The one with this name.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "fixed" => Some(Self::Fixed),
            "percent" => Some(Self::Percent),
            _ => None,
        }
    }
}

/// A way to pay.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethod {
    /// Its number.
    pub id: PaymentMethodId,
    /// Internal name.
    pub name: String,
    /// The name customers see.
    pub display_label: Option<String>,
    /// Gateway, such as `stripe`.
    pub processor: Option<String>,
    /// Who confirms a payment.
    pub mode: PaymentMode,
    /// Can it be used?
    pub active: bool,
    /// What a customer must do.
    pub instructions: Option<String>,
    /// Settings of the gateway that a shop's page needs; a JSON object.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// Does paying this way change the total?
    pub adjustment_enabled: bool,
    /// Which way.
    pub adjustment_direction: Option<Direction>,
    /// How the value is meant.
    pub adjustment_mode: Option<AdjustmentMode>,
    /// The value.
    pub adjustment_value: Option<Decimal>,
}

impl PaymentMethod {
    /// The name customers see, or else the internal one.
    pub fn label(&self) -> &str {
        self.display_label.as_deref().unwrap_or(&self.name)
    }
}

/// A kind of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Live channels.
    Live,
    /// Films on demand.
    Vod,
    /// Series.
    Series,
}

impl Category {
    /// The names on the wire.
    pub const WORDS: [&str; 3] = ["live", "vod", "series"];

    /// The one with this name.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "live" => Some(Self::Live),
            "vod" => Some(Self::Vod),
            "series" => Some(Self::Series),
            _ => None,
        }
    }
}

/// A bundle of channels or titles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bouquet {
    /// Its number.
    pub id: BouquetId,
    /// Its name.
    pub name: String,
    /// Its kind of content.
    pub category: Category,
}
