//! The values that everything hangs on: tokens, reference codes, money.

use rust_decimal::Decimal;
use serde_json::{Map, Value};
use shared::{
    domain::{
        ids::{MAX_ID, WorkOrderId},
        money::{Amount, Currency},
        reference::ReferenceCode,
    },
    wire::fields::Fields,
};
use uuid::Uuid;

use crate::{meter::metered, world::TOKENS};

const READ: &str = "read";
const REFUSED: &str = "refused";

/// Input: a token as it is presented. What is accepted is what was given out, to the letter; what is given out for an order whose
/// uuid is made of the input is accepted, and not with any other letter in it.
pub(crate) fn confirmation_token(input: &[u8]) -> String {
    let minted = (0..16).map(|at| input.get(at).copied().unwrap_or_default());
    let order = Uuid::from_u128(minted.fold(0, |number, byte| number << 8 | u128::from(byte)));
    for version in [1, 2] {
        let token = TOKENS.token(order, version);
        assert_eq!(TOKENS.verify(token.as_str()), Some(order), "a token that was given out");
        let mut forged = token.as_str().as_bytes().to_vec();
        let (at, letter) = (input.iter().map(|byte| usize::from(*byte)).sum::<usize>() % forged.len(), &mut forged);
        if let Some(letter) = letter.get_mut(at) {
            *letter = if *letter == b'0' { b'1' } else { b'0' };
        }
        assert_eq!(TOKENS.verify(std::str::from_utf8(&forged).expect("text")), None, "a forged token");
    }
    let Ok(text) = std::str::from_utf8(input) else { return REFUSED.to_owned() };
    match metered(input.len(), || TOKENS.verify(text)) {
        Some(order) => {
            assert!(
                [1, 2].iter().any(|version| TOKENS.token(order, *version).as_str() == text),
                "not as it was given out"
            );
            READ.to_owned()
        }
        None => REFUSED.to_owned(),
    }
}

/// Input: a reference code. What is read is written alike, so that an order has one code; any order's code is read.
pub(crate) fn reference_code(input: &[u8]) -> String {
    let number = input.iter().fold(7_u64, |number, byte| number.wrapping_mul(257).wrapping_add(u64::from(*byte)));
    let code = ReferenceCode { year: (number >> 50) as u16 % 10_000, number: WorkOrderId(number % (MAX_ID + 1)) };
    assert_eq!(code.to_string().parse(), Ok(code), "an order's code");
    let Ok(text) = std::str::from_utf8(input) else { return REFUSED.to_owned() };
    match metered(input.len(), || text.parse::<ReferenceCode>()) {
        Ok(code) => {
            assert_eq!(code.to_string(), text, "what is read is written alike");
            READ.to_owned()
        }
        Err(_) => REFUSED.to_owned(),
    }
}

/// Input: a currency, a space, an amount as a request has it: `USD 9.99`, `JPY "500"`.
pub(crate) fn money(input: &[u8]) -> String {
    let words = std::str::from_utf8(input).ok().and_then(|text| text.split_once(' '));
    let Some((currency, text)) = words.and_then(|(code, text)| Some((Currency::parse(code).ok()?, text))) else {
        return REFUSED.to_owned();
    };
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let read = |value: Value| {
        let map = Map::from_iter([("amount".to_owned(), value)]);
        let mut fields = Fields::new(&map);
        (fields.decimal("amount"), fields.into_errors().len())
    };
    let (number, errors) = metered(input.len(), || read(value.clone()));
    assert!(number.is_none() || errors == 0, "a number, and a complaint about it");
    let Some(Ok(amount)) = number.map(|number| Amount::new(number, currency)) else { return REFUSED.to_owned() };
    holds(amount, currency);
    if let Value::Number(number) = &value {
        let (as_text, _) = read(number.to_string().into());
        assert_eq!(as_text.map(|number| Amount::new(number, currency)), Some(Ok(amount)), "a number and its text");
    }
    READ.to_owned()
}

/// What is true of every amount.
fn holds(amount: Amount, currency: Currency) {
    let decimal: Decimal = amount.to_string().parse().expect("an amount's text");
    assert_eq!(Amount::new(decimal, currency), Ok(amount), "what is written is read alike");
    assert!(decimal.scale() <= currency.digits() && decimal >= Decimal::ZERO && decimal <= Decimal::from(999_999_999));
    assert!(!amount.to_string().starts_with('-'), "no negative zero");
    let same = |amount: Amount| {
        let text = amount.to_json().to_string();
        let json: Decimal = text.parse().or_else(|_| Decimal::from_scientific(&text)).expect("a JSON number");
        assert_eq!(
            json,
            amount.to_string().parse::<Decimal>().expect("an amount's text"),
            "as JSON, to the last digit"
        );
    };
    same(amount);
    // The largest cart: 50 lines of 99 pieces.
    same(amount.times(99 * 50));
    assert_eq!(amount.plus(amount).less(amount), amount);
    assert!(amount.less(amount.plus(amount)).is_zero(), "never below nothing");
    assert_eq!(amount.percent(Decimal::ONE_HUNDRED, currency), amount);
    assert!(currency.format(amount).contains(&decimal.trunc().to_string()), "{}", currency.format(amount));
    assert_eq!(
        serde_json::from_value::<Amount>(serde_json::to_value(amount).expect("JSON")).ok(),
        Some(amount),
        "as it is stored"
    );
}
