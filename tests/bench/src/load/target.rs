//! A service under load: clients that send one order after another, and the wait for each to be provisioned.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use uuid::Uuid;

use super::Point;
use crate::{
    environment::own_cpu,
    fault::{Explain, Fault},
};

/// Between two looks at an order that is not provisioned yet: the figures are that much too high at most.
const LOOK: Duration = Duration::from_millis(10);
/// Orders that are looked at at once. Looking takes the service's time too: at thousands of waiting orders it would take all of it.
const WATCHED: usize = 16;
/// An order that is not provisioned by then is lost.
const LOST: Duration = Duration::from_secs(60);
/// The customer of all orders.
const CUSTOMER: &str = "john@example.com";

/// A service.
#[derive(Clone)]
pub(super) struct Target {
    url: String,
    key: String,
    client: Client,
}

impl Target {
    pub(super) fn new(url: String, key: String) -> Self {
        Self { url, key, client: Client::new() }
    }

    /// A run of at most `orders` orders and `longest` time.
    pub(super) async fn point(
        &self,
        clients: usize,
        items: usize,
        orders: usize,
        longest: Duration,
    ) -> Result<Point, Fault> {
        let left = Arc::new(AtomicUsize::new(orders));
        let eyes = Arc::new(Semaphore::new(WATCHED));
        let (started, cpu) = (Instant::now(), own_cpu());
        let mut running = JoinSet::new();
        for _ in 0..clients {
            running.spawn(self.clone().send(items, left.clone(), eyes.clone(), started + longest));
        }
        let mut accepted = Vec::new();
        let (mut waits, mut unwatched) = (JoinSet::new(), Vec::new());
        let mut sent_in = Duration::ZERO;
        while let Some(client) = running.join_next().await {
            let client = client.explain("a client")??;
            sent_in = sent_in.max(started.elapsed());
            accepted.extend(client.accepted);
            unwatched.extend(client.unwatched);
            for wait in client.waits {
                waits.spawn(wait);
            }
        }
        let mut provisioned = Vec::new();
        while let Some(wait) = waits.join_next().await {
            provisioned.push(wait.explain("a wait")?.explain("a wait")??);
        }
        // None of the others is lost either.
        for reference in unwatched {
            self.clone().provisioned(reference).await?;
        }
        let spent = own_cpu().saturating_sub(cpu);
        let number = accepted.len();
        Ok(Point {
            clients,
            items,
            table: None,
            accepted: number,
            accepted_a_second: number as f64 / sent_in.as_secs_f64(),
            accepted_p50: percentile(&mut accepted, 50),
            accepted_p99: percentile(&mut accepted, 99),
            provisioned_p50: percentile(&mut provisioned, 50),
            provisioned_p99: percentile(&mut provisioned, 99),
            cpu_an_order: spent.as_secs_f64() * 1_000.0 / (number.max(1) as f64),
        })
    }

    async fn send(
        self,
        items: usize,
        left: Arc<AtomicUsize>,
        eyes: Arc<Semaphore>,
        until: Instant,
    ) -> Result<Sent, Fault> {
        let mut sent = Sent::default();
        let one_less = |left: usize| left.checked_sub(1);
        while Instant::now() < until && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
            let item = json!({ "product_id": 1, "intent": "new_activation", "qty": 1 });
            let body = json!({
                "customer_email": CUSTOMER,
                "payment_method_id": 1,
                "wc_order_id": Uuid::new_v4().to_string(),
                "items": vec![item; items],
            });
            let began = Instant::now();
            let reply = self.ask(self.client.post(format!("{}/api/complete_order", self.url)).json(&body)).await?;
            sent.accepted.push(began.elapsed());
            let reference = reply.pointer("/data/reference_code").and_then(Value::as_str).map(str::to_owned);
            let reference = reference.ok_or_else(|| Fault::new(format!("not accepted: {reply}")))?;
            match eyes.clone().try_acquire_owned() {
                Ok(eye) => sent.waits.push(tokio::spawn(self.clone().watched(reference, eye))),
                Err(_) => sent.unwatched.push(reference),
            }
        }
        Ok(sent)
    }

    async fn watched(self, reference: String, eye: OwnedSemaphorePermit) -> Result<Duration, Fault> {
        let result = self.provisioned(reference).await;
        drop(eye);
        result
    }

    /// Waits until an order is provisioned; how long that took.
    async fn provisioned(self, reference: String) -> Result<Duration, Fault> {
        let began = Instant::now();
        let url = format!("{}/api/get_work_order?ref={reference}&email={CUSTOMER}", self.url);
        while began.elapsed() < LOST {
            let reply = self.ask(self.client.get(&url)).await?;
            match reply.pointer("/data/status").and_then(Value::as_str) {
                Some("completed") => return Ok(began.elapsed()),
                Some("failed") => return Err(Fault::new(format!("{reference} failed"))),
                _ => tokio::time::sleep(LOOK).await,
            }
        }
        Err(Fault::new(format!("{reference} is not provisioned after {} s", LOST.as_secs())))
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Value, Fault> {
        let answer = request.header("X-Panelr-API-Key", &self.key).send().await.explain("the service")?;
        answer.json().await.explain("the service's answer")
    }
}

/// What a client did.
#[derive(Default)]
struct Sent {
    accepted: Vec<Duration>,
    waits: Vec<tokio::task::JoinHandle<Result<Duration, Fault>>>,
    unwatched: Vec<String>,
}

/// A percentile in milliseconds, by the nearest rank.
fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let rank = (times.len() * percent).div_ceil(100).saturating_sub(1);
    let time = times.get(rank).copied().unwrap_or_default();
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let mut times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        let of = |times: &mut [Duration], percent| percentile(times, percent).to_string();
        assert_eq!((of(&mut times, 50), of(&mut times, 99)), ("100".to_owned(), "198".to_owned()));
        assert_eq!((of(&mut times[..1], 99), of(&mut [], 99)), ("1".to_owned(), "0".to_owned()));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_run_ends_by_its_orders_and_sees_them_provisioned() {
        let options = local::Options { port: 0, ..local::Options::default() };
        let local = local::Local::start(options).await.unwrap();
        let target = Target::new(local.url.clone(), local::DEMO_KEY.to_owned());
        let point = target.point(4, 2, 10, Duration::from_secs(60)).await.unwrap();
        assert_eq!((point.accepted, point.clients, point.items), (10, 4, 2));
        assert!(point.accepted_p50 > 0.0 && point.provisioned_p99 >= point.provisioned_p50, "{point:?}");
        let wrong = Target::new(local.url.clone(), "no-key".to_owned());
        assert!(wrong.point(1, 1, 1, Duration::from_secs(60)).await.is_err());
        local.stop().await;
    }
}
