//! What a port's caller gets when it fails.

/// How often a lost race is read and decided again before it is given back as [`PortError::Contended`]. Each round, somebody
/// else got through: more than a few in a row do not happen to one item.
pub const RACE_ROUNDS: usize = 12;

/// Why a store or a queue did not do what it was asked. The text names operation and error code, never contents: it goes
/// into logs. All but `Corrupt` may work the next time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// A call of an AWS operation failed.
    #[error("{operation}: {code}")]
    Call {
        /// The operation, `PutItem`.
        operation: &'static str,
        /// The service's error code, or in words how the call failed.
        code: String,
    },
    /// A call of an AWS operation was not answered in time.
    #[error("{operation}: timed out")]
    Timeout {
        /// The operation, `PutItem`.
        operation: &'static str,
    },
    /// A conditional write was lost [`RACE_ROUNDS`] times in a row.
    #[error("{what} was changed by others {RACE_ROUNDS} times in a row")]
    Contended {
        /// What was to be changed, `the order`.
        what: &'static str,
    },
    /// Something else that may pass.
    #[error("{0}")]
    Unavailable(String),
    /// What is stored or sent cannot be read or written: an operator must look.
    #[error("{0}")]
    Corrupt(String),
}
