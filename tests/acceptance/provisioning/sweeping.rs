//! The sweep: what it sends again and when, what it leaves alone, and when it gives up.

use support::{
    clock::TestClock,
    faults::Fault,
    service::{TestService, paid_cart},
};

struct Lost {
    clock: TestClock,
    service: TestService,
    reference: String,
}

impl Lost {
    /// An order whose message was lost.
    async fn order() -> Self {
        let clock = TestClock::at("2026-11-23 12:00:00");
        let service = TestService::by_hand(&clock).await;
        service.http.plan(|call| if call.operation == "SendMessage" { Fault::Before } else { Fault::None });
        let reply = service.post("complete_order", &paid_cart("1001")).await.data();
        service.http.heal();
        Self { clock, reference: reply["reference_code"].as_str().unwrap().to_owned(), service }
    }

    /// Sweeps at this many seconds after the last time; how many messages it sent, which are lost again.
    async fn sweep_after(&self, seconds: i64) -> usize {
        self.clock.advance(seconds);
        self.service.local.functions.sweep().await.unwrap();
        let client = self.service.local.aws.sqs();
        let messages = self.service.receive(&self.service.local.queue_url).await;
        client.purge_queue().queue_url(&self.service.local.queue_url).send().await.unwrap();
        messages.len()
    }

    async fn status(&self) -> String {
        let order = self.service.order(&self.reference, "john@example.com").await;
        order["status"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn intervals_grow_and_after_ten_re_sends_it_gives_up() {
    let lost = Lost::order().await;
    let mut sent_at = Vec::new();
    let mut minute = 0;
    while lost.status().await == "awaiting_webhook" && minute < 600 {
        minute += 1;
        if lost.sweep_after(60).await > 0 {
            sent_at.push(minute);
        }
    }
    // The first within 90 seconds; then 1, 2, 4, 8, 16 and 32 minutes and the grace later.
    assert_eq!(sent_at, [1, 3, 6, 11, 20, 37, 70, 103, 136, 169]);
    assert_eq!(lost.status().await, "pending", "failed, which an operator must look at");
    let stored = lost.service.items_of("order").await.remove(0);
    assert_eq!(stored["status"].as_s().unwrap(), "failed");
    assert!(stored["failure"].as_s().unwrap().contains("10 re-sends"));
    assert_eq!(lost.sweep_after(3_600).await, 0, "and stays so");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_is_not_mistaken_for_loss() {
    let lost = Lost::order().await;
    let client = lost.service.local.aws.sqs();
    for _ in 0..101 {
        client.send_message().queue_url(&lost.service.local.queue_url).message_body("{}").send().await.unwrap();
    }
    lost.clock.advance(3_600);
    lost.service.http.take_calls();
    lost.service.local.functions.sweep().await.unwrap();
    let calls: Vec<String> = lost.service.http.take_calls().iter().map(support::faults::Call::name).collect();
    assert_eq!(calls, ["GetQueueAttributes"], "it looks at nothing else while others wait before");
    assert_eq!(lost.status().await, "awaiting_webhook");
    client.purge_queue().queue_url(&lost.service.local.queue_url).send().await.unwrap();
    assert_eq!(lost.sweep_after(0).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_back_off_is_left_alone() {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = TestService::by_hand(&clock).await;
    service.post("complete_order", &paid_cart("1001")).await.data();
    // Its line cannot be stored, again and again: the fifth failure waits for 60 seconds.
    service.http.plan(|call| if call.item == "line" { Fault::Throttled } else { Fault::None });
    for _ in 0..5 {
        let message = service.receive(&service.local.queue_url).await.remove(0);
        let receipt = message.receipt_handle.clone().unwrap();
        service.local.poller().deliver(vec![message]).await;
        let client = service.local.aws.sqs();
        let call = client.change_message_visibility().queue_url(&service.local.queue_url);
        call.receipt_handle(receipt).visibility_timeout(0).send().await.unwrap();
    }
    service.http.heal();
    let hidden = service.receive(&service.local.queue_url).await;
    assert_eq!(hidden.len(), 1, "it is under way all the time");
    clock.advance(80);
    service.local.functions.sweep().await.unwrap();
    assert!(service.receive(&service.local.queue_url).await.is_empty(), "80 seconds: its own retry is due first");
    clock.advance(11);
    service.local.functions.sweep().await.unwrap();
    assert_eq!(service.receive(&service.local.queue_url).await.len(), 1, "91 seconds: the retry was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_order_is_left_to_its_own_message() {
    let clock = TestClock::at("2026-11-23 12:00:00");
    let service = TestService::by_hand(&clock).await;
    service.post("complete_order", &paid_cart("1001")).await.data();
    assert_eq!(service.receive(&service.local.queue_url).await.len(), 1);
    clock.advance(29);
    service.local.functions.sweep().await.unwrap();
    assert!(service.receive(&service.local.queue_url).await.is_empty());
}
