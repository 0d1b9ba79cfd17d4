//! Lines, as operators see them: whose they are, switching them off and on.

use std::collections::BTreeSet;

use crate::use_case::{
    orders::update_order::{Update, update_order},
    refusal::OrderRefusal,
};
use crate::{
    domain::{
        activation::Activation,
        ids::ActivationId,
        provisioning::{Effect, effects},
        status::{ActivationStatus, Status},
        time::Timestamp,
        work_order::WorkOrder,
    },
    ports::{Activations, Orders, PortError, RACE_ROUNDS, Save},
};

/// The lines that an order makes, renews or upgrades.
pub fn activations_of(order: &WorkOrder) -> BTreeSet<ActivationId> {
    let id = |effect: Effect<'_>| match effect {
        Effect::Make { id, .. } | Effect::Apply { id, .. } => id,
    };
    effects(order).into_iter().map(id).collect()
}

/// Why a line was not switched; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActivationRefusal {
    /// There is no such line.
    NoSuchLine,
    /// The order that made it was canceled, and nobody has paid for it since: its reference code.
    Canceled(String),
    /// A fault of the store.
    Unavailable(PortError),
}

impl From<PortError> for ActivationRefusal {
    fn from(error: PortError) -> Self {
        Self::Unavailable(error)
    }
}

/// A line that was to be switched.
#[derive(Debug)]
pub struct Switched {
    /// As it is stored.
    pub line: Activation,
    /// Did this call switch it, or was it so before?
    pub changed: bool,
    /// The order that made it, where there is one.
    pub order: Option<WorkOrder>,
    /// Why the change could not be kept in that order's history too. The line itself keeps it.
    pub not_noted: Option<OrderRefusal>,
}

/// Switches a line off or on. Its time runs on meanwhile, and a renewal adds its months without switching it on: only an
/// operator does that. The change is kept on the line, and in the history of the order that made it.
pub async fn switch<S: Activations + Orders>(
    store: &S,
    id: ActivationId,
    to: ActivationStatus,
    operator: &str,
    note: Option<String>,
    now: Timestamp,
) -> Result<Switched, ActivationRefusal> {
    let by = super::by(operator);
    for _ in 0..RACE_ROUNDS {
        let line = store.lines(&BTreeSet::from([id])).await?.remove(&id).filter(Activation::exists);
        let mut line = line.ok_or(ActivationRefusal::NoSuchLine)?;
        let order = match &line.origin {
            Some(origin) => store.order(origin.order).await?,
            None => None,
        };
        if line.status == to {
            return Ok(Switched { line, changed: false, order, not_noted: None });
        }
        if let Some(order) = order.as_ref().filter(|order| to == ActivationStatus::Active && is_unpaid(order, &line)) {
            return Err(ActivationRefusal::Canceled(order.reference().to_string()));
        }
        line.switch(to, &by, note.clone(), now);
        if store.save_activation(&mut line).await? == Save::Saved {
            let (order, not_noted) = match order {
                Some(order) => note_in(store, order, &line, &by, note.as_deref(), now).await,
                None => (None, None),
            };
            return Ok(Switched { line, changed: true, order, not_noted });
        }
    }
    Err(PortError::Contended { what: "the line" }.into())
}

/// Was the order that made the line called off, with nothing that other orders have added to the line?
fn is_unpaid(order: &WorkOrder, line: &Activation) -> bool {
    order.status() == Status::Canceled && line.applied.is_empty()
}

async fn note_in<S: Orders>(
    store: &S,
    order: WorkOrder,
    line: &Activation,
    by: &str,
    note: Option<&str>,
    now: Timestamp,
) -> (Option<WorkOrder>, Option<OrderRefusal>) {
    let verb = if line.status == ActivationStatus::Active { "resumed" } else { "suspended" };
    let text = note.map_or_else(|| format!("line {} {verb}", line.id), |why| format!("line {} {verb}: {why}", line.id));
    let before = order.clone();
    let noted = update_order(store, order, |order| {
        order.remark(by, text.clone(), now);
        Ok(Update::Store(()))
    });
    match noted.await {
        Ok((order, ())) => (Some(order), None),
        Err(refusal) => (Some(before), Some(refusal)),
    }
}
