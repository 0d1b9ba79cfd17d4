//! A client that behaves as the shops' plugins do: it gives up waiting, holds an order that was not answered and sends it
//! again with the same body, up to 12 times; two hooks of the shop may send one order at once.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    log::Log,
    seed::{KEY, LINES},
};

/// How long the plugin waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Times it sends an order again.
const TRIES: u32 = 12;

/// A request of a job. `TOKEN` in its body stands for the order's confirmation token.
#[derive(Clone)]
struct Step {
    action: &'static str,
    body: Value,
}

/// What a shop does for one order, step by step.
#[derive(Clone)]
struct Job {
    /// The shop's id of the order.
    order: String,
    steps: VecDeque<Step>,
    token: Option<String>,
    /// Times its next step was sent.
    tries: u32,
    /// Before this it is held.
    due: Instant,
}

pub(crate) struct Client {
    name: String,
    url: String,
    http: reqwest::Client,
    log: Arc<Log>,
    chance: fastrand::Rng,
    held: Vec<Job>,
    made: u64,
}

impl Client {
    pub(crate) fn new(number: u64, seed: u64, url: &str, log: Arc<Log>) -> Self {
        let chance = fastrand::Rng::with_seed(seed.wrapping_mul(31).wrapping_add(number));
        let (name, url) = (format!("shop{number}"), url.to_owned());
        Self { name, url, http: reqwest::Client::new(), log, chance, held: Vec::new(), made: 0 }
    }

    /// Sells until `end`, and then sends what it still holds.
    pub(crate) async fn run(mut self, end: Instant) {
        while Instant::now() < end || !self.held.is_empty() {
            let now = Instant::now();
            let due = self.held.iter().position(|job| job.due <= now);
            let jobs = match due {
                Some(place) => vec![self.held.swap_remove(place)],
                None if now < end => self.sell(),
                None => vec![],
            };
            let steps = jobs.into_iter().map(|job| {
                let patience = self.patience();
                work(self.http.clone(), self.url.clone(), self.log.clone(), job, patience)
            });
            let steps: Vec<_> = steps.collect();
            for held in futures_util::future::join_all(steps).await.into_iter().flatten() {
                self.hold(held);
            }
            tokio::time::sleep(Duration::from_millis(self.chance.u64(5..60))).await;
        }
    }

    /// Mostly as long as the plugin waits; now and then a network that loses the answer.
    fn patience(&mut self) -> Duration {
        if self.chance.u32(0..20) == 0 { Duration::from_millis(self.chance.u64(1..60)) } else { PATIENCE }
    }

    fn hold(&mut self, mut job: Job) {
        if job.tries > TRIES {
            self.log.given_up.fetch_add(1, Ordering::Relaxed);
            return;
        }
        // Five minutes in a shop; here the service is back within a second.
        if job.tries > 0 {
            self.log.again.fetch_add(1, Ordering::Relaxed);
            job.due = Instant::now() + Duration::from_millis(self.chance.u64(200..1_500));
        }
        self.held.push(job);
    }

    /// A new order; twice, if both hooks of the shop fire.
    fn sell(&mut self) -> Vec<Job> {
        self.made += 1;
        let order = format!("{}-{}", self.name, self.made);
        let steps = match self.chance.u32(0..10) {
            0..6 => vec![self.complete(&order)],
            6..8 => vec![create(&order), pay(json!({ "payment_transaction_id": format!("pi_{order}") }))],
            _ => vec![
                create(&order),
                Step {
                    action: "submit_payment",
                    body: json!({ "confirmation_token": "TOKEN", "payment_transaction_id": format!("V1_{order}"), "amount": 4 }),
                },
                pay(json!({ "payment_transaction_id": format!("V2_{order}"), "payment_amount": 5.99 })),
            ],
        };
        for step in &steps {
            self.log.sent(&order, step.action, &step.body);
        }
        let job = Job { order, steps: steps.into(), token: None, tries: 0, due: Instant::now() };
        if self.chance.u32(0..5) != 0 {
            return vec![job];
        }
        self.log.doubled.fetch_add(1, Ordering::Relaxed);
        let mut second = job.clone();
        second.steps.truncate(1);
        vec![job, second]
    }

    fn complete(&mut self, order: &str) -> Step {
        let mut items = vec![];
        if self.chance.u32(0..4) == 0 {
            let line = self.chance.u64(1..=LINES);
            items.push(json!({ "product_id": 1, "intent": "renewal", "activation_id": line }));
        }
        if items.is_empty() || self.chance.bool() {
            let (product, qty) = (self.chance.u64(1..=2), self.chance.u64(1..=3));
            items.push(json!({ "product_id": product, "intent": "new_activation", "qty": qty }));
        }
        let body = json!({
            "customer_email": "john@example.com", "payment_method_id": 1, "payment_transaction_id": format!("pi_{order}"),
            "wc_order_id": order, "items": items,
        });
        Step { action: "complete_order", body }
    }
}

/// An order that waits for its payment.
fn create(order: &str) -> Step {
    let body = json!({
        "customer_email": "john@example.com", "payment_method_id": 2, "wc_order_id": order,
        "status": "pending_payment", "items": [{ "product_id": 1, "intent": "new_activation" }],
    });
    Step { action: "create_work_order", body }
}

fn pay(mut body: Value) -> Step {
    body["confirmation_token"] = json!("TOKEN");
    Step { action: "complete_order", body }
}

/// Sends the job's next step; the job as it is to be held, if it is not done.
async fn work(http: reqwest::Client, url: String, log: Arc<Log>, mut job: Job, patience: Duration) -> Option<Job> {
    let step = job.steps.front()?.clone();
    let body = step.body.to_string().replace("TOKEN", job.token.as_deref().unwrap_or_default());
    log.requests.fetch_add(1, Ordering::Relaxed);
    job.tries += 1;
    // The URL that existing clients send.
    let request = http
        .post(format!("{url}/api/api.php?action={}", step.action))
        .header("X-Panelr-API-Key", KEY)
        .header("Content-Type", "application/json")
        .timeout(patience);
    let answered = async {
        let answer = request.body(body).send().await?;
        Ok::<_, reqwest::Error>((answer.status().as_u16(), answer.text().await?))
    };
    let Ok((status, text)) = answered.await else {
        log.unanswered.fetch_add(1, Ordering::Relaxed);
        return Some(job);
    };
    // 422 and 404 are final; anything else that is no success is held.
    if !matches!(status, 200 | 404 | 422) {
        log.unanswered.fetch_add(1, Ordering::Relaxed);
        return Some(job);
    }
    log.answered(&job.order, step.action, status, &text);
    let reply: Value = serde_json::from_str(&text).unwrap_or_default();
    let said = |name: &str| reply["data"][name].as_str().map(str::to_owned);
    if status != 200 {
        return None;
    }
    if let Some(reference) = said("reference_code") {
        log.accepted(reference);
    }
    job.token = said("confirmation_token").or(job.token);
    job.steps.pop_front();
    job.tries = 0;
    job.due = Instant::now();
    (!job.steps.is_empty()).then_some(job)
}
