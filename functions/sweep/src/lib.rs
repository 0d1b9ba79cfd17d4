//! The schedule's function: queues orders again whose message was lost.

use shared::{
    aws::clients::counting,
    lambda::metrics::{Metric, Metrics},
    ports::{OpenOrders, Orders, PortError, Queue},
    use_case::{context::Context, provisioning::sweep::sweep},
};

/// One run. An error makes the run a failed one; the next minute brings another.
pub async fn handle<S, Q>(context: &Context<S, Q>, request_id: &str) -> Result<(), PortError>
where
    S: Orders + OpenOrders,
    Q: Queue,
{
    let (result, calls) = counting(Box::pin(sweep(context))).await;
    let swept = result.inspect_err(|cause| {
        let mut metrics = Metrics::default();
        metrics.count(Metric::SweepTroubles);
        metrics.emit("sweep");
        tracing::error!(request_id, action = "sweep", outcome = "fault", %cause, calls, "sweep");
    })?;
    let mut metrics = Metrics::default();
    let mut add = |metric, count: u32| {
        if count > 0 {
            metrics.add(metric, f64::from(count));
        }
    };
    add(Metric::OrdersResent, swept.resent);
    add(Metric::OrdersFailed, swept.failed);
    add(Metric::SweepTroubles, swept.troubled);
    if swept.backlog {
        add(Metric::Backlog, u32::try_from(swept.waiting).unwrap_or(u32::MAX));
    }
    metrics.emit("sweep");
    let (waiting, resent, failed) = (swept.waiting, swept.resent, swept.failed);
    tracing::info!(request_id, action = "sweep", waiting, backlog = swept.backlog, resent, failed, calls, "sweep");
    Ok(())
}
