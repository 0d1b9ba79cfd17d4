//! Orders: each that was accepted is there once, under its number, and as far as it was said to be; its money adds up.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{
    Findings,
    clients::{Request, Sent},
    items::{Table, amount, list, number, text},
};

/// The changes of state that the contract knows, with the orders' making.
const CHANGES: [(&str, &str); 8] = [
    ("", "queued"),
    ("", "pending_payment"),
    ("pending_payment", "payment_submitted"),
    ("pending_payment", "queued"),
    ("payment_submitted", "queued"),
    ("queued", "completed"),
    ("queued", "failed"),
    ("failed", "completed"),
];

pub(crate) fn check(table: &Table<'_>, sent: &Sent, seed: &Value, findings: &mut Findings) {
    let mut of_shop: BTreeMap<&str, Vec<(&str, &Value)>> = BTreeMap::new();
    let mut numbers = BTreeSet::new();
    for (uuid, order) in &table.orders {
        let name = text(&order["wc_order_id"]);
        of_shop.entry(name).or_default().push((uuid, order));
        if !sent.0.contains_key(name) {
            findings.wrong(format!("{uuid}: nobody sent {name}"));
        }
        if !numbers.insert(number(&order["number"])) {
            findings.wrong(format!("{name}: its number is another order's"));
        }
        states(name, order, findings);
    }
    for (number, uuid) in &table.numbers {
        if !table.orders.contains_key(uuid) {
            findings.wrong(format!("number {number} leads to no order"));
        }
    }
    for (name, requests) in &sent.0 {
        let orders = of_shop.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
        let accepted = requests.iter().any(|(_, request)| request.data.is_some());
        findings.accepted += u64::from(accepted);
        findings.doubled += (orders.len() as u64).saturating_sub(1);
        match orders {
            [] if accepted => {
                findings.lost += 1;
                findings.wrong(format!("{name}: accepted and lost"));
            }
            [] => {}
            [(uuid, order)] => {
                told(table, (name, uuid, order), requests, findings);
                if let Some((_, request)) = requests.first() {
                    bought(name, order, &request.body, seed, findings);
                }
                money(name, order, requests, findings);
            }
            more => findings.wrong(format!("{name}: it was made {} times", more.len())),
        }
    }
}

/// Its history is a way through the contract's table that ends where it stands; nothing is left to do.
fn states(name: &str, order: &Value, findings: &mut Findings) {
    let mut at = "";
    for change in list(&order["history"]).iter().map(|change| &change["M"]) {
        let (from, to) = (text(&change["from"]), text(&change["to"]));
        if from != at || !CHANGES.contains(&(from, to)) {
            findings.wrong(format!("{name}: from {from} to {to}, and it was {at}"));
        }
        at = to;
    }
    let status = text(&order["status"]);
    if status != at {
        findings.wrong(format!("{name}: its history ends with {at} and it is {status}"));
    }
    let open = !text(&order["open_key"]).is_empty();
    match status {
        "completed" if !open => findings.completed += 1,
        // Nobody paid, or paid in full: a client gave up.
        "pending_payment" if !open => {}
        "payment_submitted" if open => {}
        _ => findings.wrong(format!("{name}: it is {status}, open: {open}")),
    }
}

/// What clients were told of it.
fn told(
    table: &Table<'_>,
    (name, uuid, order): (&str, &str, &Value),
    requests: &[(String, Request)],
    findings: &mut Findings,
) {
    for (action, request) in requests {
        let Some(data) = &request.data else { continue };
        let id = number(&order["number"]);
        if data["work_order_id"].as_u64() != Some(id) || table.numbers.get(&id) != Some(&uuid) {
            findings.wrong(format!("{name}: {action} was answered {data}, and it is {id}"));
        }
        let reference = data["reference_code"].as_str().unwrap_or_default();
        if !reference.starts_with("WO-") || reference.rsplit('-').next() != Some(&format!("{id:05}")) {
            findings.wrong(format!("{name}: its code is {reference}, and its number {id}"));
        }
        if action == "complete_order" && text(&order["status"]) != "completed" {
            findings.wrong(format!("{name}: completed, it was said, and it is {}", text(&order["status"])));
        }
    }
}

/// Its cart is what the first request asked for, at the catalogue's prices, for the customer it named.
fn bought(name: &str, order: &Value, body: &Value, seed: &Value, findings: &mut Findings) {
    if body["customer_email"].as_str() != Some(text(&order["customer"]["M"]["email"])) {
        findings.wrong(format!("{name}: it is another customer's"));
    }
    let items = body["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let cart = list(&order["cart"]);
    if items.is_empty() || items.len() != cart.len() {
        findings.wrong(format!("{name}: {} items for {}", cart.len(), items.len()));
    }
    let products = seed["products"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (asked, item) in items.iter().zip(cart.iter().map(|item| &item["M"])) {
        let product = products.iter().find(|product| product["id"] == asked["product_id"]);
        let price = product.and_then(|product| product["price_decimal"].to_string().parse::<Decimal>().ok());
        let catalogue = |field: &str| product.and_then(|product| product[field].as_u64());
        let number_of = |field: &str| Some(number(&item[field]));
        let same = number_of("product_id") == asked["product_id"].as_u64()
            && Some(text(&item["intent"])) == asked["intent"].as_str()
            && number_of("qty") == Some(asked["qty"].as_u64().unwrap_or(1))
            && number_of("activation_id") == Some(asked["activation_id"].as_u64().unwrap_or_default())
            && Some(amount(&item["price"])) == price
            && number_of("duration_months") == catalogue("duration_months")
            && number_of("connections") == catalogue("connections");
        if !same {
            findings.wrong(format!("{name}: {item} for {asked} of {product:?}"));
        }
    }
}

/// Its payments are those that were sent: each that was acknowledged, none twice, none besides.
fn money(name: &str, order: &Value, requests: &[(String, Request)], findings: &mut Findings) {
    let mut total = list(&order["cart"])
        .iter()
        .map(|line| amount(&line["M"]["price"]) * Decimal::from(number(&line["M"]["qty"])))
        .sum::<Decimal>();
    if text(&order["adjustment"]["M"]["direction"]) == "fee" {
        total += amount(&order["adjustment"]["M"]["amount"]);
    }
    let mut paid: BTreeMap<&str, Decimal> = BTreeMap::new();
    for payment in list(&order["payments"]).iter().map(|payment| &payment["M"]) {
        findings.payments += 1;
        if paid.insert(text(&payment["transaction_id"]), amount(&payment["amount"])).is_some() {
            findings.wrong(format!("{name}: a payment twice"));
        }
    }
    for (action, request) in requests {
        let Some(id) = request.body["payment_transaction_id"].as_str() else { continue };
        let said = request.body.get("amount").or(request.body.get("payment_amount"));
        let said: Option<Decimal> = said.and_then(|amount| amount.to_string().parse().ok());
        match paid.remove(id) {
            Some(amount) if said.is_none_or(|said| said == amount) => {}
            Some(amount) => findings.wrong(format!("{name}: {amount} for the {said:?} of {action}")),
            None if request.data.is_some() => findings.wrong(format!("{name}: the payment {id} is lost")),
            None => {}
        }
    }
    if !paid.is_empty() {
        findings.wrong(format!("{name}: payments that nobody sent: {paid:?}"));
    }
    let sum: Decimal = list(&order["payments"]).iter().map(|payment| amount(&payment["M"]["amount"])).sum();
    if text(&order["status"]) == "completed" && sum != total {
        findings.wrong(format!("{name}: {sum} was paid of {total}"));
    }
}
