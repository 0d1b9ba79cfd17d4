//! How a command can end, and the program's exit codes.

use shared::{
    ports::PortError,
    use_case::refusal::{FieldError, OrderRefusal, PaymentRefusal},
};

/// What was asked for is done, or was so before.
pub const DONE: u8 = 0;
/// Refused, nothing found, or something is wrong.
pub const REFUSED: u8 = 1;
/// A mistake in the command.
pub const USAGE: u8 = 2;
/// AWS or the local service did not answer, or did not let ops in.
pub const UNREACHABLE: u8 = 3;

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All is done.
    Done,
    /// Something is left over or wrong; what, was written.
    Short,
}

impl Ended {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => DONE,
            Self::Short => REFUSED,
        }
    }
}

/// Why a command could not do its work: a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpsError {
    /// A rule says no; nothing was changed, or what was is said.
    #[error("{0}")]
    Refused(String),
    /// The command is wrong.
    #[error("{0}")]
    Usage(String),
    /// AWS or the local service.
    #[error("{0}")]
    Unreachable(String),
    /// The same, as the ports say it: [`crate::connection::Connection::explained`] makes a sentence of it.
    #[error("{0}")]
    Port(#[from] PortError),
}

impl OpsError {
    /// A refusal.
    pub fn refused(sentence: impl Into<String>) -> Self {
        Self::Refused(sentence.into())
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Refused(_) => REFUSED,
            Self::Usage(_) => USAGE,
            Self::Unreachable(_) | Self::Port(_) => UNREACHABLE,
        }
    }
}

/// The messages of broken rules, one a line.
pub fn messages(errors: &[FieldError]) -> String {
    errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("\n")
}

impl From<OrderRefusal> for OpsError {
    fn from(refusal: OrderRefusal) -> Self {
        match refusal {
            OrderRefusal::Unavailable(error) => Self::Port(error),
            OrderRefusal::NoSuchOrder => Self::refused("The order is gone."),
            OrderRefusal::WrongState(status) => {
                Self::Refused(format!("The order is {status}; that does not allow this."))
            }
        }
    }
}

impl From<PaymentRefusal> for OpsError {
    fn from(refusal: PaymentRefusal) -> Self {
        match refusal {
            PaymentRefusal::Invalid(error) => Self::Refused(error.message),
            PaymentRefusal::Order(refusal) => refusal.into(),
        }
    }
}
