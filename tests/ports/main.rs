//! One suite for every implementation of the ports: the store over the embedded DynamoDB, the ports in memory that other
//! tests use, and any DynamoDB and SQS that the environment names:
//! `PORTS_DYNAMODB_ENDPOINT=http://... PORTS_SQS_ENDPOINT=http://... cargo test -p acceptance --test ports`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod queue;
mod stores;
mod suite;

use suite::Suite;

#[tokio::test(flavor = "multi_thread")]
async fn the_ports_in_memory() {
    let memory = support::memory::Memory::default();
    Suite::new(memory).all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_over_the_embedded_dynamodb() {
    let embedded = stores::Embedded::start().await;
    suite::a_start_does_not_begin_the_count(&embedded.store()).await;
    Suite::new(embedded.store()).all().await;
    suite::catalogue_and_keys(&embedded.store()).await;
    suite::numbers_of_two_environments(&embedded.store(), &embedded.store()).await;
    suite::endpoints(&embedded.store()).await;
    queue::obligations(&embedded.aws(), &embedded.queue_url()).await;
    queue::obligations_of_events(&embedded.aws(), &embedded.queue_url()).await;
    embedded.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_over_the_endpoints_that_the_environment_names() {
    let Some(named) = stores::Named::from_env().await else {
        // Nothing is named: nothing to hold to the suite. The other two tests have run it.
        return;
    };
    Suite::new(named.store()).all().await;
    suite::a_start_does_not_begin_the_count(&named.store()).await;
    suite::catalogue_and_keys(&named.store()).await;
    suite::numbers_of_two_environments(&named.store(), &named.store()).await;
    suite::endpoints(&named.store()).await;
    queue::obligations(&named.aws, &named.queue_url).await;
    queue::obligations_of_events(&named.aws, &named.queue_url).await;
}
