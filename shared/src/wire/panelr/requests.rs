//! Requests into commands.

use serde_json::{Map, Value};

use super::order_request::{self, TEXT};
use crate::{
    domain::{catalogue::Direction, ids::PaymentMethodId, status::Status},
    use_case::{
        FieldError,
        command::{AdjustmentRequest, CompleteByToken, CompleteOrder, CreateWorkOrder, GetWorkOrder, Proof},
        create_work_order::INITIAL,
    },
    wire::{fields::Fields, query::parameter},
};

/// What a client sent could not be made into a command: the rules it broke.
pub type Broken = Vec<FieldError>;

/// complete_order: by a token if there is one, else a cart.
pub fn complete_order(body: &Map<String, Value>) -> Result<CompleteOrder, Broken> {
    let mut fields = Fields::new(body);
    let command = match fields.text("confirmation_token", TEXT) {
        Some(token) => Some(CompleteOrder::ByToken(CompleteByToken {
            token,
            payment_transaction_id: fields.text("payment_transaction_id", TEXT),
            payment_amount: fields.decimal("payment_amount"),
            payment_method_id: fields.id("payment_method_id").map(PaymentMethodId),
        })),
        None => order_request::read(&mut fields, "api").map(|request| {
            if !request.is_free {
                fields.required("payment_method_id", request.payment_method_id);
            }
            CompleteOrder::Cart(Box::new(request))
        }),
    };
    finish(command, fields)
}

/// create_work_order.
pub fn create_work_order(body: &Map<String, Value>) -> Result<CreateWorkOrder, Broken> {
    let mut fields = Fields::new(body);
    let order = order_request::read(&mut fields, "woocommerce");
    let words = INITIAL.map(Status::as_str);
    let status = fields.word("status", &words, |word| {
        Status::parse(word).filter(|status| INITIAL.contains(status))
    });
    let status = fields.required("status", status);
    let adjustment = adjustment(&mut fields);
    let command = order
        .zip(status)
        .zip(adjustment)
        .map(|((order, status), adjustment)| CreateWorkOrder {
            order,
            status,
            adjustment,
        });
    finish(command, fields)
}

fn adjustment(fields: &mut Fields<'_>) -> Option<AdjustmentRequest> {
    const KEYS: [&str; 3] = ["adjustment_direction", "adjustment_label", "adjustment_amount"];
    let said = KEYS.iter().any(|key| fields.has(key));
    let direction = fields.word(KEYS[0], &["fee", "discount"], |word| match word {
        "fee" => Some(Direction::Fee),
        "discount" => Some(Direction::Discount),
        _ => None,
    });
    let label = fields.text(KEYS[1], TEXT);
    let amount = fields.decimal(KEYS[2]);
    match (direction, amount) {
        (Some(direction), Some(amount)) => Some(AdjustmentRequest::Given {
            direction,
            label,
            amount,
        }),
        (Some(_), None) => {
            fields.required::<()>(KEYS[2], None);
            None
        }
        (None, Some(_)) => {
            fields.required::<()>(KEYS[0], None);
            None
        }
        (None, None) if said => Some(AdjustmentRequest::None),
        (None, None) => Some(AdjustmentRequest::Unsaid),
    }
}

/// get_work_order, from its query string. A token decides where both are given.
pub fn get_work_order(query: &str) -> Result<GetWorkOrder, Broken> {
    let mut errors = Vec::new();
    let mut get = |name: &str| {
        parameter(query, name).unwrap_or_else(|error| {
            errors.push(error);
            None
        })
    };
    let (reference, token, email) = (get("ref"), get("token"), get("email"));
    if !errors.is_empty() {
        return Err(errors);
    }
    let proof = token.map(Proof::Token).or(email.map(Proof::Email));
    match (reference, proof) {
        (Some(reference), Some(proof)) => Ok(GetWorkOrder { reference, proof }),
        (None, _) => Err(vec![FieldError::new("ref", "is required: the order's reference code")]),
        (_, None) => Err(vec![FieldError::new(
            "token",
            "or `email` is required: the order's confirmation token, or its customer's e-mail address",
        )]),
    }
}

fn finish<T>(command: Option<T>, fields: Fields<'_>) -> Result<T, Broken> {
    let errors = fields.into_errors();
    match command {
        Some(command) if errors.is_empty() => Ok(command),
        _ => Err(errors),
    }
}
