//! Requests into commands.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::order_request::{self, Paid, TEXT};
use crate::{
    domain::{
        catalogue::Direction,
        ids::{PaymentMethodId, WorkOrderId},
        status::Status,
    },
    use_case::{
        orders::{
            command::{
                AdjustmentRequest, CompleteByToken, CompleteOrder, CreateWorkOrder, GetWorkOrder, OrderRequest, Proof,
            },
            create_work_order::INITIAL,
        },
        payments::submit_payment::SubmitPayment,
        refusal::FieldError,
    },
    wire::{fields::Fields, query::parameter},
};

/// Characters of a URL.
const URL: usize = 2_000;

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
        None => {
            order_request::read(&mut fields, "api", Paid::Already).map(|request| CompleteOrder::Cart(Box::new(request)))
        }
    };
    finish(command, fields)
}

/// create_activation: complete_order with one new line.
pub fn create_activation(body: &Map<String, Value>) -> Result<OrderRequest, Broken> {
    let mut fields = Fields::new(body);
    let request = order_request::read_activation(&mut fields);
    finish(request, fields)
}

/// create_renewal: complete_order with one renewal.
pub fn create_renewal(body: &Map<String, Value>) -> Result<OrderRequest, Broken> {
    let mut fields = Fields::new(body);
    let request = order_request::read_renewal(&mut fields);
    finish(request, fields)
}

/// submit_payment: by a token if there is one, else by reference code and e-mail.
pub fn submit_payment(body: &Map<String, Value>) -> Result<SubmitPayment, Broken> {
    let mut fields = Fields::new(body);
    let token = fields.text("confirmation_token", TEXT);
    let reference = fields.text("reference_code", TEXT);
    let email = fields.text("customer_email", 1_000);
    let proof = match (token, email) {
        (Some(token), _) => Some(Proof::Token(token)),
        (None, Some(email)) => {
            fields.required("reference_code", reference.as_ref());
            Some(Proof::Email(email))
        }
        (None, None) => {
            let rule = "is required, or `reference_code` and `customer_email`: a reference code alone does not tell whose order it is";
            fields.refuse("confirmation_token", rule);
            None
        }
    };
    let payment_transaction_id = fields.text("payment_transaction_id", TEXT);
    let customer_note = fields.text("customer_note", order_request::NOTES);
    let amount = fields.decimal("amount");
    if amount.is_some_and(|amount| amount <= Decimal::ZERO) {
        fields.refuse("amount", "must be over 0");
    }
    let request = proof.map(|proof| SubmitPayment { reference, proof, payment_transaction_id, customer_note, amount });
    finish(request, fields)
}

/// send_payment_instructions: the order's number. The URL is checked and not kept: it carries a key of the shop's.
pub fn send_payment_instructions(body: &Map<String, Value>) -> Result<WorkOrderId, Broken> {
    let mut fields = Fields::new(body);
    let number = fields.id("work_order_id").map(WorkOrderId);
    let number = fields.required("work_order_id", number);
    let url = fields.text("confirm_url", URL);
    fields.required("confirm_url", url);
    finish(number, fields)
}

/// create_work_order.
pub fn create_work_order(body: &Map<String, Value>) -> Result<CreateWorkOrder, Broken> {
    let mut fields = Fields::new(body);
    let order = order_request::read(&mut fields, "woocommerce", Paid::Later);
    let words = INITIAL.map(Status::as_str);
    let status = fields.word("status", &words, |word| Status::parse(word).filter(|status| INITIAL.contains(status)));
    let status = fields.required("status", status);
    let adjustment = adjustment(&mut fields);
    let command = order.zip(status).zip(adjustment).map(|((order, status), adjustment)| CreateWorkOrder {
        order,
        status,
        adjustment,
    });
    finish(command, fields)
}

fn adjustment(fields: &mut Fields<'_>) -> Option<AdjustmentRequest> {
    const KEYS: [&str; 3] = ["adjustment_direction", "adjustment_label", "adjustment_amount"];
    let said = KEYS.iter().any(|key| fields.has(key));
    let direction = fields.word(KEYS[0], &Direction::WORDS, Direction::parse);
    let label = fields.text(KEYS[1], TEXT);
    let amount = fields.decimal(KEYS[2]);
    match (direction, amount) {
        (Some(direction), Some(amount)) => Some(AdjustmentRequest::Given { direction, label, amount }),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of the rules that an empty body breaks.
    fn broken_by_nothing<T>(read: impl Fn(&Map<String, Value>) -> Result<T, Broken>) -> Vec<String> {
        let broken = read(&Map::new()).err().unwrap_or_default();
        broken.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn every_broken_rule_is_told_at_once() {
        assert_eq!(broken_by_nothing(complete_order), ["customer_email", "items", "payment_method_id"]);
        assert_eq!(broken_by_nothing(create_activation), ["product_id", "customer_email", "payment_method_id"]);
        assert_eq!(broken_by_nothing(create_renewal), ["activation_id", "product_id", "payment_method_id"]);
        assert_eq!(broken_by_nothing(create_work_order), ["customer_email", "items", "status"]);
    }
}
