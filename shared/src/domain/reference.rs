//! Reference codes, `WO-2026-00042`.

use std::{fmt, str::FromStr};

use super::ids::{MAX_ID, WorkOrderId};

/// The code a customer reads: `WO-`, the year the order was made in (UTC), its number in at least five digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceCode {
    /// Year of creation, four digits.
    pub year: u16,
    /// The order's number.
    pub number: WorkOrderId,
}

impl fmt::Display for ReferenceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WO-{:04}-{:05}", self.year, self.number.0)
    }
}

/// The text is not a reference code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a reference code such as WO-2026-00042")]
pub struct NotAReference;

impl FromStr for ReferenceCode {
    type Err = NotAReference;

    /// Only the exact form in which codes are given out: one order has one code.
    fn from_str(text: &str) -> Result<Self, NotAReference> {
        let (year, number) = text.strip_prefix("WO-").and_then(|rest| rest.split_once('-')).ok_or(NotAReference)?;
        if year.len() != 4 || number.len() > 16 || !year.bytes().chain(number.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(NotAReference);
        }
        let code = Self {
            year: year.parse().map_err(|_| NotAReference)?,
            number: WorkOrderId(number.parse().map_err(|_| NotAReference)?),
        };
        let exact = code.number.0 <= MAX_ID && code.to_string() == text;
        exact.then_some(code).ok_or(NotAReference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_form_is_a_code() {
        for good in ["WO-2026-00042", "WO-2026-99999", "WO-2026-100000", "WO-1999-00042"] {
            assert_eq!(good.parse::<ReferenceCode>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "WO-2026-42",
            "WO-2026-000042",
            "wo-2026-00042",
            "WO-26-00042",
            "WO-2026-+0042",
            "WO-2026-00042 ",
            "WO-2026-99999999999999999999",
            "WO-2026-",
        ] {
            assert!(bad.parse::<ReferenceCode>().is_err(), "{bad}");
        }
    }
}
