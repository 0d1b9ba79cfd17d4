//! The sweep: orders that were written but whose message was lost are queued again; so are canceled ones whose lines are
//! still to be switched off.

use chrono::Duration;
use futures_util::{StreamExt, stream};

use super::provision_order::fail;
use crate::use_case::context::Context;
use crate::{
    domain::{
        provisioning::{MAX_RESENDS, resend_interval},
        status::Status,
        time::Timestamp,
        work_order::WorkOrder,
    },
    ports::{OpenOrders, OrderRef, Orders, PortError, Queue, Save},
};

/// How long a message may be under way before it counts as lost. With a run every minute, an order whose message was
/// lost is queued again within 90 seconds.
pub const GRACE_SECONDS: i64 = 30;

/// Messages that wait when the consumers are behind: orders then wait behind others, and nothing is lost.
pub const BACKLOG: u64 = 100;

/// Orders looked at in each of the index's parts in one run.
const LIMIT: u32 = 200;

/// Orders worked on at once.
const MAX_CONCURRENT: usize = 4;

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Messages waiting when it began.
    pub waiting: u64,
    /// Did it do nothing because of a backlog?
    pub backlog: bool,
    /// Orders sent again.
    pub resent: u32,
    /// Orders given up.
    pub failed: u32,
    /// Orders that could not be dealt with; the next run tries again.
    pub troubled: u32,
}

/// One run, at most one a minute. While a backlog waits it re-sends nothing and fails nothing.
pub async fn sweep<S: Orders + OpenOrders, Q: Queue>(context: &Context<S, Q>) -> Result<SweepReport, PortError> {
    let waiting = context.queue.waiting().await?;
    if waiting > BACKLOG {
        return Ok(SweepReport { waiting, backlog: true, ..SweepReport::default() });
    }
    let now = context.now();
    let before = now - Duration::seconds(GRACE_SECONDS);
    let due = context.store.open_orders(Status::Queued, before, LIMIT).await?;
    let mut results = stream::iter(due.into_iter().map(|open| resend(context, open.name, before, waiting)))
        .buffer_unordered(MAX_CONCURRENT);
    let mut swept = SweepReport { waiting, ..SweepReport::default() };
    while let Some(result) = results.next().await {
        match result {
            Ok(Step::Resent) => swept.resent += 1,
            Ok(Step::Failed) => swept.failed += 1,
            Ok(Step::Nothing) => {}
            Err(error) => {
                tracing::warn!(cause = %error, "an order could not be swept");
                swept.troubled += 1;
            }
        }
    }
    Ok(swept)
}

/// Sends everything that is to be in the queue again, whatever its age: for a queue that is known to be empty. Returns how many.
pub async fn refill<S: Orders + OpenOrders, Q: Queue>(context: &Context<S, Q>) -> Result<u32, PortError> {
    let open = context.store.open_orders(Status::Queued, Timestamp::MAX_UTC, u32::MAX).await?;
    let mut sent = 0;
    for entry in open {
        context.queue.send(entry.name).await?;
        sent += 1;
    }
    Ok(sent)
}

enum Step {
    Resent,
    Failed,
    Nothing,
}

async fn resend<S: Orders, Q: Queue>(
    context: &Context<S, Q>,
    name: OrderRef,
    before: Timestamp,
    waiting: u64,
) -> Result<Step, PortError> {
    // The index may lag: only the order itself says what is due.
    let due = |order: &WorkOrder| {
        order.open_as() == Some(Status::Queued)
            && order.updated_at <= before
            && order.next_attempt_at.is_none_or(|at| at <= before)
    };
    let Some(mut order) = context.store.order(name.order).await? else {
        return Ok(Step::Nothing);
    };
    if !due(&order) {
        return Ok(Step::Nothing);
    }
    if order.resends >= MAX_RESENDS {
        // Only a drained queue shows that the re-sends were delivered and came to nothing.
        if waiting > 0 || order.status() == Status::Canceled {
            // Of a canceled order nothing is left to fail: its last messages rest in the dead letters.
            return Ok(Step::Nothing);
        }
        let reason = format!("provisioning did not answer after {MAX_RESENDS} re-sends");
        let failed = fail(context, name, "sweep", &reason, due).await?;
        return Ok(if failed { Step::Failed } else { Step::Nothing });
    }
    // Sent before it is noted: a crash in between sends once more, the other way round would lose a minute or an hour.
    context.queue.send(name).await?;
    order.resends += 1;
    order.next_attempt_at = Some(context.now() + resend_interval(order.resends));
    // Lost to a consumer that has finished it, or to another sweep: both are fine.
    let _: Save = context.store.save(&mut order).await?;
    Ok(Step::Resent)
}
