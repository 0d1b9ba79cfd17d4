//! Orders and lines for tests that begin at the ports.

use std::collections::BTreeSet;

use shared::{
    domain::{
        activation::Activation,
        cart::{CartItem, Intent},
        email::Email,
        ids::{ActivationId, ProductId, WorkOrderId},
        money::{Amount, Currency},
        provisioner::ProvisionerState,
        status::{ActivationStatus, Status},
        time::{Timestamp, from_wire},
        work_order::{Customer, NewWorkOrder, WorkOrder},
    },
    ports::Orders,
};
use uuid::Uuid;

use crate::memory::Memory;

fn email() -> Email {
    Email::parse("john@example.com").unwrap()
}

/// A line of a month of product 1; of a trial for an upgrade.
pub fn item(intent: Intent, line: Option<u64>, qty: u32) -> CartItem {
    CartItem {
        product_id: ProductId(1),
        name: "Basic".into(),
        price: Amount::ZERO,
        duration_months: 1,
        connections: 1,
        is_trial: false,
        bouquet_ids: vec![],
        panel_product_id: Some("101".into()),
        intent,
        activation_id: line.map(ActivationId),
        qty,
        linked_usernames: vec![],
    }
}

/// A paid order that waits to be provisioned.
pub async fn queued(store: &Memory, number: u64, cart: Vec<CartItem>, at: Timestamp) -> WorkOrder {
    let new = NewWorkOrder {
        uuid: Uuid::new_v4(),
        number: WorkOrderId(number),
        shop: "shop".into(),
        source: "api".into(),
        customer: Customer { email: email(), name: Some("John".into()), phone: None, address: None },
        currency: Currency::USD,
        cart,
        adjustment: None,
        payment: None,
        payment_method: None,
        wc_order_id: None,
        notes: None,
        bouquet_ids: vec![],
        categories: vec![],
        status: Status::Queued,
        token_version: None,
        fingerprints: None,
        remark: None,
        at,
    };
    let mut order = WorkOrder::new(new, "key:shop");
    store.create(&mut order).await.unwrap();
    store.put_number_pointer((&order).into()).await.unwrap();
    order
}

/// A line that was there before, until `until`.
pub fn line(id: u64, is_trial: bool, until: &str) -> Activation {
    Activation {
        id: ActivationId(id),
        origin: None,
        product_id: ProductId(1),
        customer_email: email(),
        customer_name: None,
        username: Some(format!("line{id}")),
        password: None,
        connections: 1,
        bouquet_ids: vec![],
        categories: vec![],
        starts_at: None,
        expires_at: from_wire(until),
        status: ActivationStatus::Active,
        is_trial,
        applied: BTreeSet::new(),
        provisioner: ProvisionerState::default(),
        changes: vec![],
        version: 1,
    }
}
