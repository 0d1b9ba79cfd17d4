//! The states of a work order and the changes between them; the states of a service line.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a work order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Recorded; an operator must look.
    Pending,
    /// Waits for the customer's payment.
    PendingPayment,
    /// The customer says that it is paid; an operator must confirm.
    PaymentSubmitted,
    /// Paid and to be provisioned.
    Queued,
    /// Handed to a provisioner that works for longer than a call.
    Provisioning,
    /// Every line is done, or the order was fulfilled elsewhere.
    Completed,
    /// Provisioning gave up; an operator must look.
    Failed,
    /// Called off.
    Canceled,
    /// The payment did not go through.
    PaymentFailed,
}

impl Status {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::PendingPayment,
        Self::PaymentSubmitted,
        Self::Queued,
        Self::Provisioning,
        Self::Completed,
        Self::Failed,
        Self::Canceled,
        Self::PaymentFailed,
    ];

    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::PendingPayment => "pending_payment",
            Self::PaymentSubmitted => "payment_submitted",
            Self::Queued => "queued",
            Self::Provisioning => "provisioning",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::PaymentFailed => "payment_failed",
        }
    }

    /// The state with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// May an order go from this state to `next`? The whole table of the contract, and nothing else.
    pub fn may_become(self, next: Self) -> bool {
        use Status::{Canceled, Completed, Failed, PaymentSubmitted, Pending, PendingPayment, Provisioning, Queued};
        matches!(
            (self, next),
            (PendingPayment | Pending, PaymentSubmitted)
                | (Pending | PendingPayment | PaymentSubmitted | Failed, Queued | Canceled)
                | (PaymentSubmitted, PendingPayment)
                | (Queued, Provisioning)
                | (Queued | Provisioning | Failed, Completed)
                | (Queued | Provisioning, Failed)
        )
    }

    /// Must somebody or something still act on every order in this state? These are in the index `open`.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Failed | Self::PaymentSubmitted | Self::Pending)
    }

    /// Has the sale been completed (whether or not its lines are there yet)?
    pub fn is_sold(self) -> bool {
        matches!(self, Self::Queued | Self::Provisioning | Self::Completed | Self::Failed)
    }

    /// Can the order still be completed?
    pub fn can_be_completed(self) -> bool {
        matches!(self, Self::Pending | Self::PendingPayment | Self::PaymentSubmitted)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a line serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivationStatus {
    /// It serves.
    Active,
    /// Switched off.
    Suspended,
    /// Not there yet: it is being made at the provisioner.
    Reserved,
}

impl ActivationStatus {
    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Reserved => "reserved",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_contracts() {
        let table: Vec<String> = Status::ALL
            .into_iter()
            .flat_map(|from| {
                Status::ALL.into_iter().filter(move |to| from.may_become(*to)).map(move |to| format!("{from} -> {to}"))
            })
            .collect();
        assert_eq!(
            table,
            [
                "pending -> payment_submitted",
                "pending -> queued",
                "pending -> canceled",
                "pending_payment -> payment_submitted",
                "pending_payment -> queued",
                "pending_payment -> canceled",
                "payment_submitted -> pending_payment",
                "payment_submitted -> queued",
                "payment_submitted -> canceled",
                "queued -> provisioning",
                "queued -> completed",
                "queued -> failed",
                "provisioning -> completed",
                "provisioning -> failed",
                "failed -> queued",
                "failed -> completed",
                "failed -> canceled",
            ]
        );
    }

    #[test]
    fn names_are_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        assert_eq!(Status::parse("paid"), None);
    }
}
