//! Any sequence of payments, completions, operators' changes and deliveries on an order, against a model of it: the model
//! is written from the contract, in whole cents, and shares nothing with the code.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use lambda_http::{Body, Request};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::{
    domain::{
        api_key::KeyHash,
        ids::{PaymentMethodId, ProductId},
        money::{Amount, Currency},
        token::{TokenSecret, TokenSecrets},
        work_order::WorkOrder,
    },
    lambda::{panelr::Rejection, reply::Reply},
    ports::{LookupResult, NoProvisioner, QueueMessage},
    use_case::{context::Context, operator, provisioning::provision::provision, rate_limit::RateLimits},
    wire::seed_file,
};
use support::{clock::TestClock, depth, memory::Memory};

/// 20.98, as the issue's example.
const TOTAL: i64 = 2_098;

#[derive(Debug, Clone)]
enum Step {
    Submit { amount: Option<i64>, transaction: Option<u8> },
    CompleteByToken { amount: Option<i64>, transaction: Option<u8> },
    CompletePending,
    Approve,
    Partial { amount: i64 },
    Cancel,
    Retry,
    Deliver,
    CreateAgain,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let amount = || prop_oneof![Just(500), Just(1_598), Just(TOTAL), Just(1), 1..3_000i64];
    let some_amount = move || proptest::option::weighted(0.8, amount());
    let transaction = || proptest::option::weighted(0.8, 1..4u8);
    let step = prop_oneof![
        4 => (some_amount(), transaction()).prop_map(|(amount, transaction)| Step::Submit { amount, transaction }),
        3 => (some_amount(), transaction()).prop_map(|(amount, transaction)| Step::CompleteByToken { amount, transaction }),
        1 => Just(Step::CompletePending),
        1 => Just(Step::Approve),
        3 => (0..2_500i64).prop_map(|amount| Step::Partial { amount }),
        1 => Just(Step::Cancel),
        1 => Just(Step::Retry),
        2 => Just(Step::Deliver),
        1 => Just(Step::CreateAgain),
    ];
    proptest::collection::vec(step, 1..12)
}

/// A payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Paid {
    amount: i64,
    transaction: Option<u8>,
    /// What was said to come, where an operator found another amount.
    said: Option<i64>,
}

impl Paid {
    fn is(self, amount: i64, transaction: Option<u8>) -> bool {
        transaction.is_some() && self.transaction == transaction && (self.amount == amount || self.said == Some(amount))
    }
}

/// The order as the contract has it.
#[derive(Debug, Clone)]
struct Model {
    status: &'static str,
    payments: Vec<Paid>,
    /// Did the latest submission bring a payment, and was it the customer's?
    submission: Option<(bool, bool)>,
    /// Amounts that came by token without a transaction and left a balance: the same again is a copy.
    unnamed: Vec<i64>,
    queued: u32,
}

impl Model {
    fn new() -> Self {
        Self { status: "pending_payment", payments: vec![], submission: None, unnamed: vec![], queued: 0 }
    }

    fn paid(&self) -> i64 {
        self.payments.iter().map(|payment| payment.amount).sum()
    }

    fn due(&self) -> i64 {
        (TOTAL - self.paid()).max(0)
    }

    fn waits(&self) -> bool {
        ["pending", "pending_payment", "payment_submitted"].contains(&self.status)
    }

    fn is_last(&self, amount: i64, transaction: Option<u8>) -> bool {
        self.payments.last().is_some_and(|last| last.is(amount, transaction))
    }

    fn pay(&mut self, amount: i64, transaction: Option<u8>) {
        if amount > 0 {
            self.payments.push(Paid { amount, transaction, said: None });
        }
    }

    fn queue(&mut self) {
        self.status = "queued";
        self.queued += 1;
    }

    /// Takes the step; the HTTP status of its answer (200 and 422 for the operator's too).
    fn take(&mut self, step: &Step) -> u16 {
        match *step {
            Step::Submit { amount: Some(amount), transaction }
                if self.submission == Some((true, true)) && self.is_last(amount, transaction) =>
            {
                200
            }
            Step::Submit { amount, transaction } => {
                if self.status != "pending_payment" {
                    return 422;
                }
                self.pay(amount.unwrap_or(0), transaction);
                self.submission = Some((amount.is_some(), true));
                self.status = "payment_submitted";
                200
            }
            Step::CompleteByToken { amount, transaction } => {
                if ["queued", "completed", "failed"].contains(&self.status) {
                    return 200;
                }
                if !self.waits() {
                    return 422;
                }
                let unnamed = amount.filter(|_| transaction.is_none());
                let copy = unnamed.is_some_and(|amount| self.unnamed.contains(&amount));
                // An operator may have found less: a copy says nothing new.
                if copy && self.due() > 0 {
                    return 422;
                }
                match amount {
                    Some(_) if copy => {}
                    None => self.pay(self.due(), transaction),
                    Some(amount) if !self.payments.iter().any(|payment| payment.is(amount, transaction)) => {
                        self.pay(amount, transaction);
                        self.submission = Some((true, false));
                    }
                    Some(_) => {}
                }
                if self.due() > 0 {
                    self.unnamed.extend(unnamed);
                    self.status = "payment_submitted";
                    return 422;
                }
                self.queue();
                200
            }
            Step::CompletePending | Step::Approve => {
                if !self.waits() {
                    return 422;
                }
                self.pay(self.due(), None);
                self.queue();
                200
            }
            Step::Partial { amount } => {
                // What was confirmed before stays; only what was submitted last is replaced.
                let replaced = usize::from(self.submission.is_some_and(|submission| submission.0));
                let rest: i64 = self.payments.iter().rev().skip(replaced).map(|payment| payment.amount).sum();
                if self.status != "payment_submitted" || rest + amount >= TOTAL {
                    return 422;
                }
                let last = if replaced == 1 { self.payments.pop() } else { None };
                if amount > 0 {
                    let transaction = last.and_then(|last| last.transaction);
                    // A late copy of what was said means this payment.
                    let said = last.map(|last| last.said.unwrap_or(last.amount));
                    self.payments.push(Paid { amount, transaction, said });
                }
                self.status = "pending_payment";
                200
            }
            Step::Cancel => {
                if self.status == "canceled" {
                    return 200;
                }
                if !self.waits() && self.status != "failed" {
                    return 422;
                }
                self.status = "canceled";
                200
            }
            Step::Retry => 422,
            Step::Deliver => {
                if self.status == "queued" {
                    self.status = "completed";
                }
                200
            }
            Step::CreateAgain => 200,
        }
    }
}

struct World {
    memory: Memory,
    context: Context<Memory, Memory>,
    tokens: TokenSecrets,
    clock: TestClock,
    created: String,
    reference: String,
    token: String,
}

const KEY: &str = "a-key-of-the-model-test";

fn found() -> LookupResult {
    let text = json!({
        "api_keys": [{ "name": "shop", "secret": KEY }],
        "products": [{ "id": 1, "name": "Basic", "price_decimal": 9.99, "duration_months": 1, "connections": 1 }],
        "payment_methods": [{ "id": 2, "name": "venmo", "mode": "manual" }],
    });
    let seed = seed_file::parse(text.to_string().as_bytes()).unwrap();
    LookupResult {
        key: seed.api_keys.into_iter().next(),
        products: seed.products.into_iter().map(|product| (product.id, product)).collect(),
        payment_method: seed.payment_methods.into_iter().next(),
        ..LookupResult::default()
    }
}

fn cart() -> Value {
    json!({
        "customer_email": "john@example.com", "payment_method_id": 2, "wc_order_id": "1", "status": "pending_payment",
        "items": [{ "product_id": 1, "intent": "new_activation", "qty": 2 }],
        "adjustment_direction": "fee", "adjustment_amount": 1,
    })
}

fn post(body: &Value) -> Request {
    let request = http::Request::builder().method("POST").uri("/").header("x-panelr-api-key", KEY);
    request.body(Body::Text(body.to_string())).unwrap()
}

fn status_of(result: Result<Reply, Rejection>) -> u16 {
    result.unwrap_or_else(Into::into).status
}

fn data(reply: &Reply) -> Value {
    serde_json::from_str::<Value>(&reply.body).unwrap()["data"].clone()
}

/// Cents as the number on the wire.
#[allow(clippy::cast_precision_loss, reason = "a few thousand cents")]
fn money(cents: i64) -> f64 {
    cents as f64 / 100.0
}

impl World {
    async fn start() -> Self {
        let found = found();
        assert!(found.products.contains_key(&ProductId(1)) && found.key.as_ref().unwrap().hash == KeyHash::of(KEY));
        assert_eq!(found.payment_method.as_ref().unwrap().id, PaymentMethodId(2));
        let memory = Memory::with(found);
        let clock = TestClock::at("2026-11-23 12:00:00");
        let secret = TokenSecret::new(1, "a secret of the model test").unwrap();
        let tokens = TokenSecrets::new(secret, None);
        let context = Context {
            store: memory.clone(),
            queue: memory.clone(),
            clock: Arc::new(clock.clone()),
            limits: RateLimits::default(),
        };
        let reply = create_work_order::handle(&context, &tokens, post(&cart())).await.unwrap();
        let created = data(&reply);
        let text = |name: &str| created[name].as_str().unwrap().to_owned();
        let (reference, token) = (text("reference_code"), text("confirmation_token"));
        Self { memory, context, tokens, clock, created: reply.body, reference, token }
    }

    fn order(&self) -> WorkOrder {
        let mut orders = self.memory.all_orders();
        assert_eq!(orders.len(), 1, "one order, whatever is sent");
        orders.remove(0)
    }

    async fn take(&self, step: &Step) -> u16 {
        self.clock.advance(1);
        let status = |ok: bool| if ok { 200 } else { 422 };
        match step {
            Step::Submit { amount, transaction } => {
                let body = json!({
                    "confirmation_token": self.token, "amount": amount.map(money),
                    "payment_transaction_id": transaction.map(|id| format!("T{id}")),
                });
                status_of(submit_payment::handle(&self.context, &self.tokens, post(&body)).await)
            }
            Step::CompleteByToken { amount, transaction } => {
                let body = json!({
                    "confirmation_token": self.token, "payment_amount": amount.map(money),
                    "payment_transaction_id": transaction.map(|id| format!("T{id}")),
                });
                status_of(complete_order::handle(&self.context, &self.tokens, post(&body)).await)
            }
            Step::CompletePending => {
                use shared::use_case::{
                    orders::find_order::ShoppexOrderId,
                    payments::complete_pending_order::{Completion, complete_pending_order},
                };
                let caller = found().key.unwrap();
                let id = ShoppexOrderId::parse(&self.reference).unwrap();
                status(complete_pending_order(&self.context, &caller, None, &id, &Completion::default()).await.is_ok())
            }
            Step::Approve => status(operator::approve(&self.context, "o", self.order()).await.is_ok()),
            Step::Partial { amount } => {
                let amount = Amount::new(rust_decimal::Decimal::new(*amount, 2), Currency::USD).unwrap();
                status(operator::partial(&self.context, "o", self.order(), amount).await.is_ok())
            }
            Step::Cancel => status(operator::cancel(&self.context, "o", self.order(), "asked to").await.is_ok()),
            Step::Retry => status(operator::retry(&self.context, "o", self.order()).await.is_ok()),
            Step::Deliver => {
                // Each message twice: a queue may do that.
                for name in self.memory.take_sent() {
                    for count in 1..3 {
                        let delivery =
                            QueueMessage { message_id: "m".into(), receipt: "r".into(), body: Some(name), count };
                        let batch = provision(&self.context, &NoProvisioner, vec![delivery], &|| {
                            std::time::Duration::from_secs(30)
                        })
                        .await;
                        assert!(batch.again.is_empty(), "{batch:?}");
                    }
                }
                200
            }
            Step::CreateAgain => {
                let reply = create_work_order::handle(&self.context, &self.tokens, post(&cart())).await.unwrap();
                assert_eq!(reply.body, self.created, "the first reply again, byte for byte");
                reply.status
            }
        }
    }

    async fn shown(&self) -> Value {
        let uri = format!("/?ref={}&token={}", self.reference, self.token);
        let request = http::Request::builder().uri(uri).header("x-panelr-api-key", KEY).body(Body::Empty).unwrap();
        data(&get_work_order::handle(&self.context, &self.tokens, request).await.unwrap())
    }
}

async fn agree(steps: &[Step]) {
    let world = World::start().await;
    let mut model = Model::new();
    for step in steps {
        let expected = model.take(step);
        assert_eq!(world.take(step).await, expected, "{step:?} of {steps:?}; the model: {model:?}");
        let shown = world.shown().await;
        let status = if model.status == "queued" { "awaiting_webhook" } else { model.status };
        assert_eq!(shown["status"], status, "{step:?} of {steps:?}");
        let sums = [("order_total", TOTAL), ("prev_paid", model.paid()), ("balance_due", model.due())];
        for (name, cents) in sums {
            assert_eq!(shown[name].as_f64(), Some(money(cents)), "{name} after {step:?} of {steps:?}");
        }
        assert_eq!(shown["has_partials"], model.paid() > 0 && model.due() > 0, "{step:?} of {steps:?}");
        let payments: Vec<f64> =
            shown["payment_history"].as_array().unwrap().iter().map(|p| p["amount"].as_f64().unwrap()).collect();
        let expected: Vec<f64> = model.payments.iter().map(|payment| money(payment.amount)).collect();
        assert_eq!(payments, expected, "{step:?} of {steps:?}");
        assert!(model.queued <= 1);
        let lines = if model.status == "completed" { 2 } else { 0 };
        assert_eq!(world.memory.all_lines().len(), lines, "provisioned once, and only when paid");
    }
}

#[test]
fn any_sequence_agrees_with_the_model() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let seen: Rc<RefCell<std::collections::BTreeSet<&'static str>>> = Rc::default();
    let config =
        ProptestConfig { cases: depth::of(10_000, 1_000), failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in steps())| {
        runtime.block_on(agree(&steps));
        let mut model = Model::new();
        for step in &steps {
            model.take(step);
            seen.borrow_mut().insert(model.status);
        }
    });
    // The sequences reach every state that these steps can lead to.
    let seen = seen.borrow();
    assert_eq!(*seen, ["canceled", "completed", "payment_submitted", "pending_payment", "queued"].into());
}
