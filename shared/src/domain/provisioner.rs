//! What the provisioner, the system that serves the lines, is told of an effect, and what the line keeps of it.
//!
//! An effect is first reserved on its line, with the values that the line will have and the message as it is sent; only then
//! is the provisioner called, and only then is the effect applied. So every repeat, by any consumer, sends the same bytes.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    activation::{Activation, ActivationStatus, EffectName, Password},
    cart::CartItem,
    catalogue::Category,
    ids::{ActivationId, BouquetId, ProductId},
    time::Timestamp,
    work_order::{Customer, WorkOrder},
};

/// What an effect does to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// A new line.
    Create,
    /// Time is added.
    Renew,
    /// A trial becomes a paid line.
    Upgrade,
    /// The line is switched off, for its order was canceled.
    Suspend,
}

impl EffectKind {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Renew => "renew",
            Self::Upgrade => "upgrade",
            Self::Suspend => "suspend",
        }
    }
}

/// What a line will have once an effect is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationValues {
    /// The product.
    pub product_id: ProductId,
    /// Devices that may watch at once.
    pub connections: u32,
    /// Until when; none: for ever.
    pub expires_at: Option<Timestamp>,
    /// Is it a free trial?
    pub is_trial: bool,
    /// Does it serve?
    pub status: ActivationStatus,
}

/// An effect that is under way: the provisioner may have been told, and may have done it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Of which order. Another order's effect waits, unless this order has ended without it.
    pub order: Uuid,
    /// Under which name it is kept once it is applied.
    pub effect: EffectName,
    /// What it does.
    pub kind: EffectKind,
    /// The message's id: the same at every repeat, and another for every other message.
    pub id: String,
    /// What the line will have.
    pub after: ActivationValues,
    /// The message, as it is sent.
    pub body: String,
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The message holds a password and an address.
        write!(f, "Reservation({})", self.id)
    }
}

/// What is known of a line at the provisioner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionerState {
    /// The effect that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<Box<Reservation>>,
    /// Was an effect applied that the provisioner was, or may have been, told of?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told: bool,
    /// The host it is served from, if the provisioner has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The provisioner's own id of it, if the provisioner has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

impl ProvisionerState {
    /// Is nothing known?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// May the provisioner have the line?
    pub fn may_have_it(&self) -> bool {
        self.told || self.reserved.is_some()
    }
}

/// What the provisioner says of a line beside that an effect is done. What it leaves out is as it was sent. Debug prints none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProvisionerValues {
    /// User name in place of the one that was sent.
    pub username: Option<String>,
    /// Password in place of the one that was sent.
    pub password: Option<String>,
    /// The host the line is served from.
    pub host: Option<String>,
    /// Its own id of the line.
    pub external_id: Option<String>,
}

impl fmt::Debug for ProvisionerValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PanelValues(…)")
    }
}

/// An effect, as it is told.
#[derive(Clone, Copy)]
pub struct EffectMessage<'a> {
    /// What it does.
    pub kind: EffectKind,
    /// Its name.
    pub effect: &'a EffectName,
    /// The order.
    pub order: &'a WorkOrder,
    /// The product that was bought; none where nothing was.
    pub item: Option<&'a CartItem>,
    /// Pieces of it.
    pub qty: u32,
}

impl Activation {
    /// Reserves an effect that will give the line these values. `revision`: the version of the write that stores it.
    pub fn reserve(&mut self, told: &EffectMessage<'_>, after: ActivationValues, revision: u64) {
        let id = format!("{}-r{revision}", told.effect.as_str().replace('/', "-"));
        let body = message(self, told, &after, &id, revision);
        self.provisioner.reserved = Some(Box::new(Reservation {
            order: told.order.uuid,
            effect: told.effect.clone(),
            kind: told.kind,
            id,
            after,
            body,
        }));
    }

    /// The effect that is under way under this name.
    pub fn reserved(&self, effect: &EffectName) -> Option<&Reservation> {
        self.provisioner.reserved.as_deref().filter(|reserved| reserved.effect == *effect)
    }

    /// Applies the effect that was under way, with what the provisioner said.
    pub fn apply_response(&mut self, said: ProvisionerValues) {
        let Some(reserved) = self.provisioner.reserved.take() else { return };
        let ActivationValues { product_id, connections, expires_at, is_trial, status } = reserved.after;
        (self.product_id, self.connections, self.expires_at, self.is_trial) =
            (product_id, connections, expires_at, is_trial);
        match reserved.kind {
            EffectKind::Create | EffectKind::Suspend => self.status = status,
            // Whether it serves may have been changed meanwhile, and is none of theirs.
            EffectKind::Renew | EffectKind::Upgrade => {
                self.applied.insert(reserved.effect);
            }
        }
        self.username = said.username.or_else(|| self.username.take());
        self.password = said.password.map(Password::given).or_else(|| self.password.take());
        self.provisioner.host = said.host.or_else(|| self.provisioner.host.take());
        self.provisioner.external_id = said.external_id.or_else(|| self.provisioner.external_id.take());
        self.provisioner.told = true;
    }
}

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    effect: &'static str,
    order: OrderPart<'a>,
    line: LinePart<'a>,
    product: Option<ProductPart<'a>>,
    customer: CustomerPart<'a>,
    qty: u32,
    expires_at: Option<String>,
}

#[derive(Serialize)]
struct OrderPart<'a> {
    id: Uuid,
    reference_code: String,
    shop: &'a str,
}

#[derive(Serialize)]
struct LinePart<'a> {
    id: ActivationId,
    revision: u64,
    external_id: Option<&'a str>,
    host: Option<&'a str>,
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    status: &'static str,
    product_id: ProductId,
    connections: u32,
    bouquet_ids: &'a [BouquetId],
    categories: &'a [Category],
    is_trial: bool,
    starts_at: Option<String>,
    expires_at: Option<String>,
}

#[derive(Serialize)]
struct ProductPart<'a> {
    id: ProductId,
    panel_product_id: Option<&'a str>,
    name: &'a str,
    duration_months: u32,
    connections: u32,
    is_trial: bool,
}

#[derive(Serialize)]
struct CustomerPart<'a> {
    email: &'a str,
    name: Option<&'a str>,
}

fn time(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// The message. Everything in it is absolute: told twice, or told after a later one, it adds nothing.
fn message(line: &Activation, told: &EffectMessage<'_>, after: &ActivationValues, id: &str, revision: u64) -> String {
    let Customer { email, name, .. } = &told.order.customer;
    let body = Body {
        id,
        effect: told.kind.as_str(),
        order: OrderPart {
            id: told.order.uuid,
            reference_code: told.order.reference().to_string(),
            shop: &told.order.shop,
        },
        line: LinePart {
            id: line.id,
            revision,
            external_id: line.provisioner.external_id.as_deref(),
            host: line.provisioner.host.as_deref(),
            username: line.username.as_deref(),
            // Said once; the provisioner keeps it.
            password: line.password.as_ref().map(Password::reveal).filter(|_| told.kind == EffectKind::Create),
            status: if after.status == ActivationStatus::Suspended { "suspended" } else { "active" },
            product_id: after.product_id,
            connections: after.connections,
            bouquet_ids: &line.bouquet_ids,
            categories: &line.categories,
            is_trial: after.is_trial,
            starts_at: line.starts_at.map(time),
            expires_at: after.expires_at.map(time),
        },
        product: told.item.map(|item| ProductPart {
            id: item.product_id,
            panel_product_id: item.panel_product_id.as_deref(),
            name: &item.name,
            duration_months: item.duration_months,
            connections: item.connections,
            is_trial: item.is_trial,
        }),
        customer: CustomerPart { email: email.as_str(), name: name.as_deref() },
        qty: told.qty,
        expires_at: after.expires_at.map(time),
    };
    // Texts, numbers and lists of them: there is nothing in it that JSON cannot hold.
    serde_json::to_string(&body).unwrap_or_default()
}
