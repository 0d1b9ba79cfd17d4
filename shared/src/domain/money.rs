//! Money: decimal amounts that fit their currency. Never a float.

use std::fmt;

use iso_currency::Currency as Iso;
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How far a number may be from a minor unit and still mean it: PHP's `json_encode` sends 9.99 as `9.9900000000000002`.
const NOISE: Decimal = Decimal::from_parts(1, 0, 0, false, 6);

/// The largest single amount that is taken, in major units. 50 lines of 99 pieces at this price are 4,950,000,000,000,
/// which a JSON number (an IEEE double) still holds to the cent.
const MAX: Decimal = Decimal::from_parts(999_999_999, 0, 0, false, 0);

/// A currency by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(Iso);

/// Why a text is no currency or a number no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not an ISO 4217 code.
    #[error("must be a three-letter ISO 4217 currency code such as USD")]
    UnknownCurrency,
    /// Below zero.
    #[error("must not be negative")]
    Negative,
    /// Beyond what is taken.
    #[error("must not be more than 999999999")]
    TooLarge,
    /// More decimal places than the currency's minor unit.
    #[error("must have at most {0} decimal places")]
    TooPrecise(u32),
}

impl Currency {
    /// US dollars, the default of a catalogue that names none.
    pub const USD: Self = Self(Iso::USD);

    /// The currency with this code, upper or lower case.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        Iso::from_code(&code.to_ascii_uppercase()).map(Self).ok_or(MoneyError::UnknownCurrency)
    }

    /// The ISO 4217 code, `USD`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Decimal places of the minor unit: 2 for USD, 0 for JPY, 3 for KWD.
    pub fn digits(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }

    /// An amount as a person reads it, `$2.50`.
    pub fn format(self, amount: Amount) -> String {
        let digits = usize::try_from(self.digits()).unwrap_or(0);
        format!("{}{:.digits$}", self.0.symbol().symbol, amount.0)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

/// An amount of money in major units: not negative, and of the precision of the currency it was made for. The order
/// or product that holds it names the currency, once for all its amounts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(Decimal);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// The amount that `value` means in `currency`. A value within 0.000001 of a minor unit is that unit; one with
    /// more digits than the currency has, a negative one and one over the limit are refused.
    pub fn new(value: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let unit = round(value, currency);
        if (value - unit).abs() > NOISE {
            return Err(if value < Decimal::ZERO {
                MoneyError::Negative
            } else {
                MoneyError::TooPrecise(currency.digits())
            });
        }
        if unit < Decimal::ZERO {
            return Err(MoneyError::Negative);
        }
        if unit > MAX {
            return Err(MoneyError::TooLarge);
        }
        // No negative zero, and one form for one value, so that equal amounts are stored alike.
        Ok(Self(if unit.is_zero() { Decimal::ZERO } else { unit.normalize() }))
    }

    /// Is it nothing?
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self((self.0.saturating_add(other.0)).normalize())
    }

    /// What is left when `other` is taken away, at least nothing.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(Decimal::ZERO).normalize())
    }

    /// `count` times this.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self(self.0.saturating_mul(Decimal::from(count)).normalize())
    }

    /// `percent` hundredths of this, rounded half away from zero to the minor unit, as PHP's `round` does.
    #[must_use]
    pub fn percent(self, percent: Decimal, currency: Currency) -> Self {
        let part = self.0.saturating_mul(percent) / Decimal::ONE_HUNDRED;
        Self(round(part, currency).max(Decimal::ZERO).normalize())
    }

    /// As a JSON number in major units: `9.99`, and `10` for a whole amount.
    pub fn to_json(self) -> serde_json::Number {
        match self.0.to_u64() {
            Some(whole) if self.0.fract().is_zero() => whole.into(),
            // A double holds 15 digits and most of 16: the shortest text of the nearest one is the decimal. By the text, for
            // the decimal's own conversion does not always come to the nearest.
            _ => self.0.to_string().parse().ok().and_then(serde_json::Number::from_f64).unwrap_or_else(|| 0.into()),
        }
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Self::plus)
    }
}

fn round(value: Decimal, currency: Currency) -> Decimal {
    value.round_dp_with_strategy(currency.digits(), RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Result<Amount, MoneyError> {
        Amount::new(text.parse().unwrap(), Currency::USD)
    }

    #[test]
    fn php_noise_is_the_minor_unit() {
        assert_eq!(usd("9.9900000000000002"), usd("9.99"));
        assert_eq!(usd("9.989999"), usd("9.99"));
        assert_eq!(usd("0.0000001"), Ok(Amount::ZERO));
        assert_eq!(usd("-0.0000001"), Ok(Amount::ZERO));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        assert_eq!(usd("9.995"), Err(MoneyError::TooPrecise(2)));
        assert_eq!(usd("9.98999"), Err(MoneyError::TooPrecise(2)));
        assert_eq!(usd("-0.01"), Err(MoneyError::Negative));
        assert_eq!(usd("-0.005"), Err(MoneyError::Negative));
        assert_eq!(usd("1000000000"), Err(MoneyError::TooLarge));
        let yen = Currency::parse("jpy").unwrap();
        assert_eq!(Amount::new("1.5".parse().unwrap(), yen), Err(MoneyError::TooPrecise(0)));
    }

    #[test]
    fn percent_rounds_half_away_from_zero() {
        let sum = usd("10.10").unwrap();
        assert_eq!(sum.percent(Decimal::from(5), Currency::USD), usd("0.51").unwrap());
        assert_eq!(usd("9.99").unwrap().percent(Decimal::from(5), Currency::USD), usd("0.5").unwrap());
    }

    #[test]
    fn json_is_the_shortest_number() {
        assert_eq!(usd("9.99").unwrap().to_json().to_string(), "9.99");
        assert_eq!(usd("10.00").unwrap().to_json().to_string(), "10");
        assert_eq!(usd("0.1").unwrap().plus(usd("0.2").unwrap()).to_json().to_string(), "0.3");
        assert_eq!(
            usd("999999999").unwrap().times(4950).plus(usd("0.01").unwrap()).to_json().to_string(),
            "4949999995050.01"
        );
    }

    #[test]
    fn prices_read_as_people_write_them() {
        assert_eq!(Currency::USD.format(usd("2.5").unwrap()), "$2.50");
    }
}
