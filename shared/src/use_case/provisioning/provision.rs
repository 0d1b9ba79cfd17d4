//! A batch of the provisioning queue: each order once, each message with its own fate.

use std::{collections::HashMap, panic::AssertUnwindSafe, time::Duration};

use futures_util::{FutureExt, StreamExt, stream};

use super::{
    apply_effect::RetryError,
    provision_order::{ProvisionResult, give_up, postpone_order, provision_order},
};
use crate::use_case::context::Context;
use crate::{
    domain::{provisioning, work_order::WorkOrder},
    ports::{Activations, Deliveries, Loaded, OrderRef, Orders, PortError, Provisioner, QueueMessage},
};

/// Orders of a batch worked on at once, each over a connection of its own. More would open more connections than they save time.
pub const MAX_CONCURRENT: usize = 4;

/// The longest that a provisioner may put its next call off. The queue would allow 12 hours.
const LONGEST_PUT_OFF: Duration = Duration::from_secs(15 * 60);

/// How one order of a batch ended.
#[derive(Debug)]
pub struct Report {
    /// The order, as far as it was known.
    pub reference: Option<String>,
    /// What was done.
    pub outcome: ProvisionOutcome,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq)]
pub enum ProvisionOutcome {
    /// Its lines are there; after this many seconds from being queued.
    Completed {
        /// Seconds from queued to completed.
        seconds: f64,
    },
    /// It can never be done; or it was tried often enough.
    Failed {
        /// Why, for operators.
        reason: String,
    },
    /// Nothing was to do: another delivery did it, or it is not to be provisioned.
    Nothing,
    /// It is delivered again.
    Again {
        /// Why.
        cause: PortError,
        /// After how long.
        delay: Duration,
    },
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Batch {
    /// Ids of the messages to deliver again.
    pub again: Vec<String>,
    /// One report an order.
    pub reports: Vec<Report>,
}

/// Messages of one order.
struct Group {
    messages: Vec<QueueMessage<OrderRef>>,
}

impl Group {
    fn count(&self) -> u32 {
        self.messages.iter().map(|message| message.count).max().unwrap_or(1)
    }
}

/// Works off a batch. `time_left`: of the invocation; when it runs short, no new effect is begun and the rest is handed
/// back. A message that cannot be read comes back until it rests in the dead-letter queue, where somebody can see it.
pub async fn provision<S: Orders + Activations, Q: Deliveries, P: Provisioner>(
    context: &Context<S, Q>,
    provisioner: &P,
    messages: Vec<QueueMessage<OrderRef>>,
    time_left: &(dyn Fn() -> Duration + Sync),
) -> Batch {
    let mut unreadable = Group { messages: Vec::new() };
    let mut names: Vec<OrderRef> = Vec::new();
    let mut groups: HashMap<OrderRef, Group> = HashMap::new();
    for message in messages {
        match message.body {
            None => unreadable.messages.push(message),
            Some(name) => {
                let group = groups.entry(name).or_insert_with(|| {
                    names.push(name);
                    Group { messages: Vec::new() }
                });
                group.messages.push(message);
            }
        }
    }
    let loaded = if names.is_empty() { Ok(Vec::new()) } else { context.store.load(&names).await };
    let loaded = loaded.unwrap_or_else(|error| {
        names.iter().map(|_| Loaded { order: Err(error.clone()), has_number_pointer: true }).collect()
    });
    let work = names
        .into_iter()
        .zip(loaded)
        .filter_map(|(name, loaded)| groups.remove(&name).map(|group| (name, loaded, group)));
    let mut batch = Batch::default();
    let mut results =
        stream::iter(work.map(|(name, loaded, group)| one_order(context, provisioner, name, loaded, group, time_left)))
            .buffer_unordered(MAX_CONCURRENT);
    while let Some((report, again)) = results.next().await {
        batch.again.extend(again);
        batch.reports.push(report);
    }
    if !unreadable.messages.is_empty() {
        let cause = PortError::Corrupt("a message names no order".to_owned());
        let delay = retry_later(&context.queue, &unreadable, Duration::ZERO).await;
        batch.again.extend(unreadable.messages.into_iter().map(|message| message.message_id));
        batch.reports.push(Report { reference: None, outcome: ProvisionOutcome::Again { cause, delay } });
    }
    batch
}

async fn one_order<S: Orders + Activations, Q: Deliveries, P: Provisioner>(
    context: &Context<S, Q>,
    provisioner: &P,
    name: OrderRef,
    loaded: Loaded,
    group: Group,
    time_left: &(dyn Fn() -> Duration + Sync),
) -> (Report, Vec<String>) {
    let reference = loaded.order.as_ref().ok().and_then(Option::as_ref).map(|order| order.reference().to_string());
    // One order whose data makes the code panic must not take the batch along.
    let work = AssertUnwindSafe(Box::pin(one_loaded(context, provisioner, name, loaded, group.count() > 1, time_left)))
        .catch_unwind()
        .await;
    let result =
        work.unwrap_or_else(|_| Err((None, PortError::Corrupt("the provisioning code panicked".to_owned()).into())));
    let (order, cause, put_off) = match result {
        Ok(ProvisionResult::Completed { seconds }) => {
            return (Report { reference, outcome: ProvisionOutcome::Completed { seconds } }, vec![]);
        }
        Ok(ProvisionResult::Failed { reason }) => {
            return (Report { reference, outcome: ProvisionOutcome::Failed { reason } }, vec![]);
        }
        Ok(ProvisionResult::Nothing) => {
            return (Report { reference, outcome: ProvisionOutcome::Nothing }, vec![]);
        }
        Err((order, RetryError::Transient { cause, retry_after })) => (order, cause, retry_after.unwrap_or_default()),
        Err((order, RetryError::OutOfTime)) if group.count() >= provisioning::MAX_DELIVERIES => {
            (order, PortError::Unavailable("the invocations' time was up".to_owned()), Duration::ZERO)
        }
        Err((_, RetryError::OutOfTime)) => {
            // Nothing is wrong with the order: whoever is free takes it at once.
            postpone_all(&context.queue, &group, Duration::ZERO).await;
            let cause = PortError::Unavailable("the invocation's time was up".to_owned());
            return again(reference, cause, Duration::ZERO, group);
        }
    };
    if group.count() >= provisioning::MAX_DELIVERIES {
        // The queue moves the message to the dead letters at its next delivery; the order must not look as if it waited.
        let reason = format!("gave up after {} deliveries: {cause}", group.count());
        let gave_up = give_up(context, name, &reason).await;
        postpone_all(&context.queue, &group, Duration::ZERO).await;
        let again = group.messages.into_iter().map(|message| message.message_id).collect();
        let outcome = match gave_up {
            Ok(true) => ProvisionOutcome::Failed { reason },
            Ok(false) => ProvisionOutcome::Nothing,
            Err(cause) => ProvisionOutcome::Again { cause, delay: Duration::ZERO },
        };
        return (Report { reference, outcome }, again);
    }
    let delay = retry_later(&context.queue, &group, put_off).await;
    // An order that could not be read then can perhaps be read now.
    let order = match order {
        Some(order) => Some(order),
        None => context.store.order(name.order).await.ok().flatten().map(Box::new),
    };
    if let Some(order) = order {
        postpone_order(context, order, delay).await;
    }
    again(reference, cause, delay, group)
}

type Interrupted = (Option<Box<WorkOrder>>, RetryError);

async fn one_loaded<S: Orders + Activations, Q, P: Provisioner>(
    context: &Context<S, Q>,
    provisioner: &P,
    name: OrderRef,
    loaded: Loaded,
    tried_before: bool,
    time_left: &(dyn Fn() -> Duration + Sync),
) -> Result<ProvisionResult, Interrupted> {
    let order = match loaded.order {
        Ok(Some(order)) => order,
        Ok(None) => {
            let fault = PortError::Corrupt("a message names an order that does not exist".to_owned());
            return Err((None, fault.into()));
        }
        Err(error) => return Err((None, error.into())),
    };
    if !loaded.has_number_pointer
        && let Err(error) = context.store.put_number_pointer(name).await
    {
        return Err((Some(Box::new(order)), error.into()));
    }
    provision_order(context, provisioner, order, tried_before, time_left).await
}

fn again(reference: Option<String>, cause: PortError, delay: Duration, group: Group) -> (Report, Vec<String>) {
    let messages = group.messages.into_iter().map(|message| message.message_id).collect();
    (Report { reference, outcome: ProvisionOutcome::Again { cause, delay } }, messages)
}

/// Sets the back-off of a failed delivery; how long it is. `put_off`: for how long the provisioner asked.
async fn retry_later<Q: Deliveries>(queue: &Q, group: &Group, put_off: Duration) -> Duration {
    let delay = provisioning::back_off(group.count()).max(put_off.min(LONGEST_PUT_OFF));
    postpone_all(queue, group, delay).await;
    delay
}

/// Where this fails, the message waits out the queue's visibility timeout instead: later, but not lost.
async fn postpone_all<Q: Deliveries>(queue: &Q, group: &Group, delay: Duration) {
    for message in &group.messages {
        if let Err(error) = queue.postpone(&message.receipt, delay).await {
            tracing::warn!(cause = %error, "a message's back-off could not be set");
        }
    }
}
