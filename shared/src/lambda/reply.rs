//! A function's reply, with what its log line and metrics say of it.

use super::metrics::{Metric, Metrics};
use crate::{domain::work_order::WorkOrder, use_case::orders::new_order::RecordedOrder};

/// What a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyOutcome {
    /// An order was recorded or moved on.
    Accepted,
    /// A payment was submitted.
    SubmittedPayment,
    /// An order that was there was answered with.
    Replayed,
    /// Something was read.
    Answered,
    /// The caller must mend the request.
    Refused,
    /// A fault of ours; the request may come again.
    Fault,
}

impl ReplyOutcome {
    /// The outcome of a request that recorded or completed an order.
    pub fn of_recorded(recorded: &RecordedOrder) -> Self {
        if recorded.replayed { Self::Replayed } else { Self::Accepted }
    }

    /// As it is logged.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::SubmittedPayment => "submitted",
            Self::Replayed => "replayed",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Fault => "fault",
        }
    }

    /// The outcome of a reply with this status that changed nothing.
    pub fn of_status(status: u16) -> Self {
        if status >= 500 { Self::Fault } else { Self::Refused }
    }
}

/// An HTTP reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
    /// Seconds for `Retry-After`.
    pub retry_after: Option<u32>,
    /// Methods for `Allow`.
    pub allow: Option<&'static str>,
    /// What it came to.
    pub outcome: ReplyOutcome,
    /// A short code for the log: why it was refused.
    pub code: &'static str,
    /// The order it is about.
    pub reference: Option<String>,
    /// What went wrong on our side; for the log alone.
    pub cause: Option<String>,
    /// Did a message fail to go?
    pub send_failed: bool,
}

impl Reply {
    /// A reply without particulars.
    pub fn new(status: u16, body: String, outcome: ReplyOutcome, code: &'static str) -> Self {
        Self {
            status,
            body,
            retry_after: None,
            allow: None,
            outcome,
            code,
            reference: None,
            cause: None,
            send_failed: false,
        }
    }

    /// The same reply, with `Retry-After`.
    #[must_use]
    pub fn after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same reply, about an order that was recorded or completed.
    #[must_use]
    pub fn recorded(mut self, recorded: RecordedOrder) -> Self {
        self.send_failed = recorded.send_failed.is_some();
        self.cause = recorded.send_failed.map(|cause| cause.to_string()).or(self.cause);
        self.reference = Some(recorded.order.reference().to_string());
        self
    }

    /// The same reply, about this order.
    #[must_use]
    pub fn about(mut self, order: &WorkOrder) -> Self {
        self.reference = Some(order.reference().to_string());
        self
    }

    /// The same reply, to a fault of ours with this cause.
    #[must_use]
    pub fn because(mut self, cause: String) -> Self {
        self.cause = Some(cause);
        self
    }

    /// What is counted of it.
    pub fn metrics(&self) -> Metrics {
        let mut metrics = Metrics::default();
        match self.outcome {
            ReplyOutcome::Accepted => metrics.count(Metric::OrdersAccepted),
            ReplyOutcome::SubmittedPayment => metrics.count(Metric::PaymentsSubmitted),
            ReplyOutcome::Replayed => metrics.count(Metric::OrdersReplayed),
            ReplyOutcome::Refused => metrics.count(Metric::OrdersRefused),
            ReplyOutcome::Fault => metrics.count(Metric::Faults),
            ReplyOutcome::Answered => {}
        }
        if self.send_failed {
            metrics.count(Metric::SendFailures);
        }
        metrics
    }
}
