//! Receipt handles: which queue gave out which message, at which of its receives.

use uuid::Uuid;

use crate::error::{Error, ErrorKind};

/// What a receipt handle says. As text it is 56 hexadecimal digits; callers treat it as opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// The queue, told from one of the same name that was deleted before.
    pub(crate) queue: Uuid,
    /// The message's place in the queue.
    pub(crate) slot: u64,
    /// The message's receive count after this receive: a later receive has another handle.
    pub(crate) receive: u32,
}

impl Receipt {
    pub(crate) fn encode(self) -> String {
        format!("{}{:016x}{:08x}", self.queue.simple(), self.slot, self.receive)
    }

    /// Reads a handle that `queue` gave out.
    pub(crate) fn decode(handle: &str, queue: Uuid) -> Result<Self, Error> {
        Self::parse(handle).filter(|receipt| receipt.queue == queue).ok_or_else(|| {
            let message = format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
            Error::new(ErrorKind::ReceiptHandleIsInvalid, message)
        })
    }

    fn parse(handle: &str) -> Option<Self> {
        // Number parsing alone would let a plus sign through.
        if !handle.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let (queue, rest) = handle.split_at_checked(32)?;
        let (slot, receive) = rest.split_at_checked(16)?;
        if receive.len() != 8 {
            return None;
        }
        Some(Self {
            queue: Uuid::try_parse(queue).ok()?,
            slot: u64::from_str_radix(slot, 16).ok()?,
            receive: u32::from_str_radix(receive, 16).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Receipt, Uuid};

    #[test]
    fn a_handle_reads_back_only_at_its_queue() {
        let receipt = Receipt { queue: Uuid::new_v4(), slot: 7, receive: 2 };
        let handle = receipt.encode();
        assert_eq!(Receipt::decode(&handle, receipt.queue), Ok(receipt));
        assert!(Receipt::decode(&handle, Uuid::new_v4()).is_err());
        for broken in ["", "x", "é", &handle[1..], &format!("{handle}0"), &format!("+{}", &handle[1..])] {
            assert!(Receipt::decode(broken, receipt.queue).is_err(), "{broken}");
        }
    }
}
