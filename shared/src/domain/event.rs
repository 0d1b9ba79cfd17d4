//! Events: what has happened to an order, for those whom its shop has asked to be told. They are derived from an order's
//! committed changes alone, so none can be lost, and the same change is the same event however often it is looked at.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    status::Status,
    time::Timestamp,
    work_order::{Change, WorkOrder},
};

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EventKind {
    /// The order is paid and waits for its lines.
    #[serde(rename = "order.queued")]
    OrderQueued,
    /// Its lines are there.
    #[serde(rename = "order.completed")]
    OrderCompleted,
    /// Provisioning gave up; somebody must look.
    #[serde(rename = "order.failed")]
    OrderFailed,
    /// It was called off.
    #[serde(rename = "order.canceled")]
    OrderCanceled,
    /// The customer or the shop says that it is paid; somebody must confirm.
    #[serde(rename = "payment.submitted")]
    PaymentSubmitted,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::OrderQueued, Self::OrderCompleted, Self::OrderFailed, Self::OrderCanceled, Self::PaymentSubmitted];

    /// The name on the wire, `order.completed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderQueued => "order.queued",
            Self::OrderCompleted => "order.completed",
            Self::OrderFailed => "order.failed",
            Self::OrderCanceled => "order.canceled",
            Self::PaymentSubmitted => "payment.submitted",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The event of an order that comes into this state; none for states that nobody is told of.
    pub fn of(status: Status) -> Option<Self> {
        match status {
            Status::Queued => Some(Self::OrderQueued),
            Status::Completed => Some(Self::OrderCompleted),
            Status::Failed => Some(Self::OrderFailed),
            Status::Canceled => Some(Self::OrderCanceled),
            Status::PaymentSubmitted => Some(Self::PaymentSubmitted),
            Status::Pending | Status::PendingPayment | Status::Provisioning | Status::PaymentFailed => None,
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One event of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `evt_<order's uuid>_<version of the write>`, for a further event of the same write with `_2`, `_3` after it. No full
    /// stop, for the signed text has one after the id.
    pub id: String,
    /// What it is.
    pub kind: EventKind,
    /// When it happened.
    pub at: Timestamp,
    /// The state before; none for the order's making.
    pub from: Option<Status>,
    /// The state after.
    pub to: Status,
}

/// The events of one write, `old` to `new`, in their order: one for each change into a state that has an event. `old` is
/// none for an order's making. An order that comes in whole at a later version was put back from a backup, and nothing
/// has happened to it.
pub fn events(old: Option<&WorkOrder>, new: &WorkOrder) -> Vec<Event> {
    let added = match old {
        Some(old) => added(old.history(), new.history()),
        None if new.version > 1 => return Vec::new(),
        None => new.history(),
    };
    let mut steps: Vec<(Option<Status>, Status, Timestamp)> =
        added.iter().filter(|change| change.from != Some(change.to)).map(|c| (c.from, c.to, c.at)).collect();
    // A state that somebody changed by hand and noted nowhere is told as well.
    let before = steps.last().map(|(_, to, _)| *to).or(old.map(WorkOrder::status));
    if before != Some(new.status()) {
        steps.push((before, new.status(), new.updated_at));
    }
    let told = steps.into_iter().filter_map(|(from, to, at)| EventKind::of(to).map(|kind| (kind, from, to, at)));
    let id = format!("evt_{}_{}", new.uuid.simple(), new.version);
    let name = |index: usize| if index == 0 { id.clone() } else { format!("{id}_{}", index + 1) };
    told.enumerate().map(|(index, (kind, from, to, at))| Event { id: name(index), kind, at, from, to }).collect()
}

/// The changes in `new` that are not in `old`. A history keeps its first change; of the others the oldest may have gone.
fn added<'a>(old: &[Change], new: &'a [Change]) -> &'a [Change] {
    let (old, new) = (old.get(1..).unwrap_or_default(), new.get(1..).unwrap_or_default());
    let kept = (0..=old.len()).filter_map(|gone| old.get(gone..)).find(|kept| new.starts_with(kept));
    kept.and_then(|kept| new.get(kept.len()..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        cart::{CartItem, Intent},
        email::Email,
        ids::{ProductId, WorkOrderId},
        money::{Amount, Currency},
        work_order::{Customer, NewWorkOrder},
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
    }

    fn order(status: Status) -> WorkOrder {
        let item = CartItem {
            product_id: ProductId(1),
            name: "One month".into(),
            panel_product_id: None,
            intent: Intent::NewActivation,
            qty: 1,
            price: Amount::ZERO,
            duration_months: 1,
            connections: 1,
            is_trial: false,
            bouquet_ids: vec![],
            activation_id: None,
            linked_usernames: vec![],
        };
        let new = NewWorkOrder {
            uuid: Uuid::from_u128(7),
            number: WorkOrderId(42),
            shop: "shop".into(),
            source: "api".into(),
            customer: Customer {
                email: Email::parse("john@example.com").unwrap(),
                name: None,
                phone: None,
                address: None,
            },
            currency: Currency::USD,
            cart: vec![item],
            adjustment: None,
            payment: None,
            payment_method: None,
            wc_order_id: None,
            notes: None,
            bouquet_ids: vec![],
            categories: vec![],
            status,
            token_version: None,
            fingerprints: None,
            remark: None,
            at: at(0),
        };
        WorkOrder::new(new, "key:shop")
    }

    #[test]
    fn names_are_read_back() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(EventKind::parse("order.paid"), None);
    }

    #[test]
    fn every_state_an_order_is_made_in_tells_its_event_once() {
        for status in Status::ALL {
            let told = events(None, &order(status));
            assert_eq!(told.iter().map(|event| event.kind).collect::<Vec<_>>(), Vec::from_iter(EventKind::of(status)));
            assert!(told.iter().all(|event| event.from.is_none() && event.at == at(0)));
        }
    }

    #[test]
    fn every_transition_of_the_table_tells_its_event_once() {
        for from in Status::ALL {
            for to in Status::ALL.into_iter().filter(|to| from.may_become(*to)) {
                let old = order(from);
                let mut new = old.clone();
                new.change(to, "operator:jane", None, at(5)).unwrap();
                new.stamp(Uuid::from_u128(1));
                let told = events(Some(&old), &new);
                let wanted = EventKind::of(to).map(|kind| Event {
                    id: "evt_00000000000000000000000000000007_2".into(),
                    kind,
                    at: at(5),
                    from: Some(from),
                    to,
                });
                assert_eq!(told, Vec::from_iter(wanted), "{from} -> {to}");
            }
        }
    }

    #[test]
    fn a_write_that_changes_no_state_tells_nothing() {
        let old = order(Status::Queued);
        let mut new = old.clone();
        new.next_attempt_at = Some(at(60));
        new.remark("sweep", "sent again".into(), at(5));
        new.stamp(Uuid::from_u128(1));
        assert_eq!(events(Some(&old), &new), []);
    }

    #[test]
    fn an_order_put_back_from_a_backup_tells_nothing() {
        let mut back = order(Status::Pending);
        back.change(Status::Queued, "operator:jane", None, at(5)).unwrap();
        back.stamp(Uuid::from_u128(1));
        assert_eq!(events(None, &back), []);
    }

    #[test]
    fn a_state_changed_behind_the_history_is_told() {
        let old = order(Status::Failed);
        let mut value = serde_json::to_value(&old).unwrap();
        value["status"] = "canceled".into();
        value["version"] = 2.into();
        let new: WorkOrder = serde_json::from_value(value).unwrap();
        let told = events(Some(&old), &new);
        assert_eq!(
            told.iter().map(|event| (event.kind, event.from)).collect::<Vec<_>>(),
            [(EventKind::OrderCanceled, Some(Status::Failed))]
        );
    }

    /// One step of an order's life: the next state of those that the table allows, by number; none: a remark.
    fn step(order: &mut WorkOrder, choice: Option<usize>, note: usize, second: i64) -> Option<EventKind> {
        let goes_on = |status: Status| Status::ALL.into_iter().any(|to| status.may_become(to));
        // Rarely into a state that is the end, so that lives are long and histories lose their oldest.
        let may = |to: &Status| order.status().may_become(*to) && (goes_on(*to) || choice > Some(98));
        let next: Vec<Status> = Status::ALL.into_iter().filter(may).collect();
        let note = "n".repeat(note);
        if let Some(to) = choice.filter(|_| !next.is_empty()).map(|choice| next[choice % next.len()]) {
            order.change(to, "operator:jane", Some(note), at(second)).unwrap();
            EventKind::of(to)
        } else {
            order.remark("operator:jane", note, at(second));
            None
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// However many changes a write brings, and however much of the history has gone meanwhile.
        #[test]
        fn no_change_is_lost_or_told_twice(
            first in 0usize..9,
            writes in prop::collection::vec(
                prop::collection::vec((prop::option::weighted(0.8, 0usize..100), 0usize..4_000), 0..4),
                0..60,
            ),
        ) {
            let mut order = order(Status::ALL[first]);
            let mut wanted = Vec::from_iter(EventKind::of(order.status()));
            let mut told = events(None, &order);
            let mut second = 0;
            for write in writes {
                let old = order.clone();
                for (choice, note) in write {
                    // Several changes may carry the same time.
                    second += i64::from(note % 2 == 0);
                    wanted.extend(step(&mut order, choice, note, second));
                }
                order.stamp(Uuid::from_u128(u128::from(order.version)));
                let news = events(Some(&old), &order);
                prop_assert_eq!(&news, &events(Some(&old), &order), "the same record is the same events");
                told.extend(news);
            }
            prop_assert_eq!(told.iter().map(|event| event.kind).collect::<Vec<_>>(), wanted);
            let ids: BTreeSet<&str> = told.iter().map(|event| event.id.as_str()).collect();
            prop_assert_eq!(ids.len(), told.len(), "every event has an id of its own");
            prop_assert!(ids.iter().all(|id| !id.contains('.')));
        }
    }
}
