//! SQS delivers at least once: messages that come a second time, while the first is under way or long after.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{Fault, endpoints, log::Log, seed::KEY, service::SharedPlaces};

/// Doubles a message every now and then, until `end`.
pub(crate) async fn run(places: SharedPlaces, url: String, log: Arc<Log>, seed: u64, end: Instant) {
    let mut chance = fastrand::Rng::with_seed(seed ^ 0xd0_0b1e);
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(chance.u64(20..200))).await;
        let Some(reference) = log.any_reference(&mut chance) else { continue };
        // While the service is down there is nothing to double.
        if double(&places, &url, &reference).await.is_ok() {
            log.duplicates.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn double(places: &SharedPlaces, url: &str, reference: &str) -> Result<(), Fault> {
    let request = reqwest::Client::new().get(format!("{url}/dev/v1/orders/{reference}")).bearer_auth(KEY);
    let answer = request.timeout(Duration::from_secs(5)).send().await?.error_for_status()?;
    let order: Value = serde_json::from_str(&answer.text().await?)?;
    let uuid = order["data"]["uniqid"].as_str().ok_or("no uniqid")?;
    let number = reference.rsplit('-').next().and_then(|number| number.parse().ok()).ok_or("no number")?;
    endpoints::send(places, uuid, number).await
}
