//! What clients send, and what they are told: commands as the functions parse them, replies as the functions write them.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use shared::{
    domain::{
        api_key::ApiKey,
        idempotency::{IdempotencyKey, IdempotencyKind},
        token::{TokenSecret, TokenSecrets},
    },
    ports::Lookup,
    use_case::{
        context::Context,
        orders::{
            command::{CompleteOrder, CreateWorkOrder},
            complete_order::{self, complete_order},
            create_work_order::{self, create_work_order},
            find_order::ShoppexOrderId,
        },
        payments::{
            complete_by_token::complete_by_token,
            complete_pending_order::{Completion, complete_pending_order},
            submit_payment::{SubmitPayment, submit_payment},
        },
        refusal::{KeyedRefusal, NewOrderRefusal, OrderRefusal, PaymentRefusal, TokenPaymentRefusal},
    },
    wire::panelr::{requests, work_order},
};
use uuid::Uuid;

use crate::world::Ports;

/// The shop all requests come from.
pub(crate) const SHOP: &str = "demo";

/// The secret behind the confirmation tokens.
pub(crate) static TOKENS: LazyLock<TokenSecrets> =
    LazyLock::new(|| TokenSecrets::new(TokenSecret::new(1, "a secret of the explorer").unwrap(), None));

#[derive(Clone)]
pub(crate) enum Ask {
    Complete(CompleteOrder),
    Create(CreateWorkOrder),
    Submit(SubmitPayment),
    CompletePending(ShoppexOrderId, Completion),
}

/// A request, as a client sends it again and again.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) ask: Ask,
    /// Its `Idempotency-Key`.
    pub(crate) header: Option<&'static str>,
    /// The order that it makes or is about.
    pub(crate) order: Uuid,
    /// The payment it says was made: the gateway's id and how much, or all that was due.
    pub(crate) payment: Option<(Option<String>, Option<Decimal>)>,
}

/// What a client is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Reply {
    /// Done: the body.
    Done(String),
    /// A final refusal, and whether it says that a payment was kept.
    Refused { why: String, kept: bool },
    /// 503: it may come again.
    Later,
}

fn map(body: Value) -> Map<String, Value> {
    let Value::Object(map) = body else { panic!("an object") };
    map
}

fn payment(body: &Map<String, Value>, amount: &str) -> Option<(Option<String>, Option<Decimal>)> {
    let amount: Option<Decimal> = body.get(amount).map(|amount| amount.to_string().parse().unwrap());
    let id = body.get("payment_transaction_id").and_then(Value::as_str).map(str::to_owned);
    (id.is_some() || amount.is_some()).then_some((id, amount))
}

fn made_by(action: &str, header: Option<&str>, body: &Map<String, Value>) -> Uuid {
    let shop_order = body.get("wc_order_id").and_then(Value::as_str).map(|value| (IdempotencyKind::ShopOrder, value));
    let (kind, value) = header.map(|value| (IdempotencyKind::Header, value)).or(shop_order).expect("a key");
    IdempotencyKey::new(SHOP, action, kind, value).order_uuid()
}

impl Request {
    fn under(mut self, header: &'static str) -> Self {
        self.header = Some(header);
        self
    }

    /// complete_order with a cart, for the shop's order `wc_order_id`.
    pub(crate) fn cart(wc_order_id: &str, more: Value) -> Self {
        Self::cart_under(None, wc_order_id, more)
    }

    /// The same under an `Idempotency-Key`.
    pub(crate) fn cart_under(header: Option<&'static str>, wc_order_id: &str, more: Value) -> Self {
        let mut body = map(json!({
            "customer_email": "john@example.com", "payment_method_id": 1, "wc_order_id": wc_order_id,
            "items": [{ "product_id": 1, "intent": "new_activation" }],
        }));
        body.extend(map(more));
        let command = requests::complete_order(&body).ok().unwrap();
        let order = made_by(complete_order::ACTION, header, &body);
        Self { ask: Ask::Complete(command), header, order, payment: payment(&body, "payment_amount") }
    }

    /// create_work_order in this status; 9.99 if nothing else is said.
    pub(crate) fn create(wc_order_id: &str, status: &str, more: Value) -> Self {
        let mut body = map(json!({
            "customer_email": "john@example.com", "payment_method_id": 1, "wc_order_id": wc_order_id, "status": status,
            "items": [{ "product_id": 1, "intent": "new_activation" }],
        }));
        body.extend(map(more));
        let command = requests::create_work_order(&body).ok().unwrap();
        let order = made_by(create_work_order::ACTION, None, &body);
        Self { ask: Ask::Create(command), header: None, order, payment: payment(&body, "payment_amount") }
    }

    /// The order that [`Self::create`] makes for `wc_order_id`.
    pub(crate) fn created(wc_order_id: &str) -> Uuid {
        made_by(create_work_order::ACTION, None, &map(json!({ "wc_order_id": wc_order_id })))
    }

    fn with_token(wc_order_id: &str, more: Value) -> (Uuid, Map<String, Value>) {
        let order = Self::created(wc_order_id);
        let mut body = map(json!({ "confirmation_token": TOKENS.token(order, 1).as_str() }));
        body.extend(map(more));
        (order, body)
    }

    /// complete_order by the token of the order that was created for `wc_order_id`.
    pub(crate) fn by_token(wc_order_id: &str, more: Value) -> Self {
        let (order, body) = Self::with_token(wc_order_id, more);
        let command = requests::complete_order(&body).ok().unwrap();
        Self { ask: Ask::Complete(command), header: None, order, payment: payment(&body, "payment_amount") }
    }

    /// The same under an `Idempotency-Key`.
    pub(crate) fn by_token_under(header: &'static str, wc_order_id: &str, more: Value) -> Self {
        Self::by_token(wc_order_id, more).under(header)
    }

    /// submit_payment by token.
    pub(crate) fn submit(wc_order_id: &str, more: Value) -> Self {
        let (order, body) = Self::with_token(wc_order_id, more);
        let command = requests::submit_payment(&body).ok().unwrap();
        Self { ask: Ask::Submit(command), header: None, order, payment: payment(&body, "amount") }
    }

    /// Shoppex's completion of the order that was created for `wc_order_id`.
    pub(crate) fn complete_pending(header: Option<&'static str>, wc_order_id: &str) -> Self {
        let order = Self::created(wc_order_id);
        let completion = Completion { note: Some("by the gateway".into()), suppress_emails: false };
        Self { ask: Ask::CompletePending(ShoppexOrderId::Uniqid(order), completion), header, order, payment: None }
    }

    /// Sends it once.
    pub(crate) async fn send(&self, context: &Context<Ports, Ports>, caller: &ApiKey) -> Reply {
        match self.perform(context, caller).await {
            Ok(body) => Reply::Done(body),
            Err(reply) => reply,
        }
    }

    async fn perform(&self, context: &Context<Ports, Ports>, caller: &ApiKey) -> Result<String, Reply> {
        let data = match &self.ask {
            Ask::Complete(command) => {
                let found = context.store.look_up(&command.lookup_keys()).await.map_err(|_| Reply::Later)?;
                let completed = match command {
                    CompleteOrder::Cart(cart) => complete_order(context, caller, self.header, cart, &found).await?,
                    CompleteOrder::ByToken(payment) => {
                        complete_by_token(context, &TOKENS, caller, self.header, payment, &found).await?
                    }
                };
                work_order::completed(&completed.order)
            }
            Ask::Create(command) => {
                let found = context.store.look_up(&command.lookup_keys()).await.map_err(|_| Reply::Later)?;
                let version = TOKENS.current_version();
                let created = create_work_order(context, version, caller, self.header, command, &found).await?;
                work_order::created(&created.order, &TOKENS)
            }
            Ask::Submit(command) => {
                let done = submit_payment(context, &TOKENS, caller, command).await?;
                work_order::submitted(&done.order, command.amount.is_some())
            }
            Ask::CompletePending(id, completion) => {
                let done = complete_pending_order(context, caller, self.header, id, completion).await?;
                // The reply is the order as it is now; what must not change of it is which order it is.
                json!({ "id": done.order.reference().to_string() })
            }
        };
        Ok(data.to_string())
    }
}

impl Reply {
    fn refused(refusal: &impl std::fmt::Debug, kept: bool) -> Self {
        Self::Refused { why: format!("{refusal:?}"), kept }
    }
}

impl From<OrderRefusal> for Reply {
    fn from(refusal: OrderRefusal) -> Self {
        if matches!(refusal, OrderRefusal::Unavailable(_)) { Self::Later } else { Self::refused(&refusal, false) }
    }
}

impl From<NewOrderRefusal> for Reply {
    fn from(refusal: NewOrderRefusal) -> Self {
        if matches!(refusal, NewOrderRefusal::Unavailable(_)) { Self::Later } else { Self::refused(&refusal, false) }
    }
}

impl From<KeyedRefusal> for Reply {
    fn from(refusal: KeyedRefusal) -> Self {
        match refusal {
            KeyedRefusal::Order(refusal) => refusal.into(),
            KeyedRefusal::KeyUsed(_) => Self::refused(&refusal, false),
        }
    }
}

impl From<PaymentRefusal> for Reply {
    fn from(refusal: PaymentRefusal) -> Self {
        match refusal {
            PaymentRefusal::Order(refusal) => refusal.into(),
            PaymentRefusal::Invalid(_) => Self::refused(&refusal, false),
        }
    }
}

impl From<TokenPaymentRefusal> for Reply {
    fn from(refusal: TokenPaymentRefusal) -> Self {
        match refusal {
            TokenPaymentRefusal::Payment(refusal) => refusal.into(),
            TokenPaymentRefusal::BalanceLeft { .. } => Self::refused(&refusal, true),
            TokenPaymentRefusal::KeyUsed(_) => Self::refused(&refusal, false),
        }
    }
}
