//! The message by which the provisioner learns of an effect. It is stored with the reservation, so that every repeat sends
//! the same bytes.

use serde::Serialize;
use uuid::Uuid;

use super::{
    activation::Activation,
    cart::CartItem,
    catalogue::Category,
    effect::{EffectKind, EffectName},
    ids::{ActivationId, BouquetId, ProductId},
    password::Password,
    provisioner::{ActivationValues, Reservation},
    status::ActivationStatus,
    time::Timestamp,
    work_order::{Customer, WorkOrder},
};

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
