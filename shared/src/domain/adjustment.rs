//! What is added to an order's sum or taken off it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::{
    catalogue::{AdjustmentMode, Direction, PaymentMethod},
    money::{Amount, Currency},
};

/// One adjustment of an order's total.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// Added or taken off.
    pub direction: Direction,
    /// What customers read.
    pub label: Option<String>,
    /// How much.
    pub amount: Amount,
}

impl Adjustment {
    /// The difference between what the shop charged (`paid`: coupons, tax and shipping included) and the sum of the lines.
    pub fn at_checkout(sum: Amount, paid: Amount) -> Option<Self> {
        let direction = if paid > sum { Direction::Fee } else { Direction::Discount };
        let amount = if paid > sum { paid.less(sum) } else { sum.less(paid) };
        (!amount.is_zero()).then(|| Self { direction, label: Some("Adjusted at checkout".to_owned()), amount })
    }

    /// Takes the whole sum off.
    pub fn free(sum: Amount) -> Self {
        Self { direction: Direction::Discount, label: Some("Free order".to_owned()), amount: sum }
    }

    /// The payment method's own fee or discount on `sum`.
    pub fn of_method(method: &PaymentMethod, sum: Amount, currency: Currency) -> Option<Self> {
        let (true, Some(direction), Some(mode), Some(value)) =
            (method.adjustment_enabled, method.adjustment_direction, method.adjustment_mode, method.adjustment_value)
        else {
            return None;
        };
        let (amount, size) = match mode {
            AdjustmentMode::Percent => (sum.percent(value, currency), format!("{}%", value.normalize())),
            AdjustmentMode::Fixed => {
                let amount = Amount::new(round(value, currency), currency).ok()?;
                (amount, currency.format(amount))
            }
        };
        let kind = match direction {
            Direction::Fee => "Fee",
            Direction::Discount => "Discount",
        };
        Some(Self { direction, label: Some(format!("{} {kind} ({size})", method.label())), amount })
    }

    /// The total of `sum` under this adjustment.
    pub fn apply(adjustment: Option<&Self>, sum: Amount) -> Amount {
        match adjustment {
            None => sum,
            Some(Self { direction: Direction::Fee, amount, .. }) => sum.plus(*amount),
            Some(Self { direction: Direction::Discount, amount, .. }) => sum.less(*amount),
        }
    }
}

/// A method's value is written once for all currencies; in one with a coarser minor unit it is rounded to that.
fn round(value: Decimal, currency: Currency) -> Decimal {
    value.round_dp_with_strategy(currency.digits(), rust_decimal::RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{catalogue::PaymentMode, ids::PaymentMethodId};

    fn usd(text: &str) -> Amount {
        Amount::new(text.parse().unwrap(), Currency::USD).unwrap()
    }

    fn method(direction: Direction, mode: AdjustmentMode, value: &str) -> PaymentMethod {
        PaymentMethod {
            id: PaymentMethodId(2),
            name: "venmo".into(),
            display_label: Some("Venmo".into()),
            processor: None,
            mode: PaymentMode::Manual,
            active: true,
            instructions: None,
            config: serde_json::Map::new(),
            adjustment_enabled: true,
            adjustment_direction: Some(direction),
            adjustment_mode: Some(mode),
            adjustment_value: Some(value.parse().unwrap()),
        }
    }

    #[test]
    fn a_methods_own_adjustment_is_labelled_as_the_plugin_does() {
        let fee =
            Adjustment::of_method(&method(Direction::Fee, AdjustmentMode::Percent, "5.00"), usd("9.99"), Currency::USD)
                .unwrap();
        assert_eq!((fee.label.as_deref(), fee.amount), (Some("Venmo Fee (5%)"), usd("0.5")));
        let mut fixed = method(Direction::Discount, AdjustmentMode::Fixed, "2.5");
        fixed.display_label = None;
        let discount = Adjustment::of_method(&fixed, usd("9.99"), Currency::USD).unwrap();
        assert_eq!((discount.label.as_deref(), discount.amount), (Some("venmo Discount ($2.50)"), usd("2.5")));
        assert_eq!(Adjustment::apply(Some(&discount), usd("9.99")), usd("7.49"));
        assert_eq!(Adjustment::apply(Some(&discount), usd("1")), Amount::ZERO);
        fixed.adjustment_enabled = false;
        assert_eq!(Adjustment::of_method(&fixed, usd("9.99"), Currency::USD), None);
    }

    #[test]
    fn what_the_shop_charged_is_the_total() {
        for (sum, paid) in [("9.99", "8"), ("9.99", "12.34"), ("9.99", "9.99"), ("9.99", "0")] {
            let adjustment = Adjustment::at_checkout(usd(sum), usd(paid));
            assert_eq!(Adjustment::apply(adjustment.as_ref(), usd(sum)), usd(paid));
            assert_eq!(adjustment.is_none(), sum == paid);
        }
        assert_eq!(Adjustment::apply(Some(&Adjustment::free(usd("9.99"))), usd("9.99")), Amount::ZERO);
    }
}
