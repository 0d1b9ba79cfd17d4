//! Endpoints: added, tried, told, removed.

use serde_json::json;
use support::{
    receiver::{Answer, Receiver, Told},
    service::paid_cart,
};

use crate::program::{Desk, command, end};

fn verify(told: &Told, secret: &str) {
    standardwebhooks::Webhook::new(secret).unwrap().verify(&told.body, &told.headers).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_added_tried_told_and_removed() {
    let desk = Desk::open().await;
    let receiver = Receiver::start("mine", &[], Answer::Status(200)).await;
    let url = receiver.endpoint.url.as_str();
    assert!(desk.ops(&["webhooks", "list"]).await.done().contains("There are no endpoints"));
    let added =
        desk.ops(&["webhooks", "add", url, "--event", "order.completed", "--event", "order.failed"]).await.done();
    let secret = added.lines().find(|line| line.starts_with("whsec_")).unwrap_or_else(|| panic!("{added}"));
    let listed = desk.json(&["webhooks", "list"]).await;
    let entry = &listed["webhooks"][0];
    let id = entry["id"].as_str().unwrap();
    assert!(added.contains(id) && id.len() == 15, "{added}");
    assert_eq!(entry["events"], json!(["order.completed", "order.failed"]));
    for list in [listed.to_string(), desk.ops(&["webhooks", "list"]).await.done()] {
        assert!(!list.contains("whsec_") && !list.contains("secret-in-the-url"), "{list}");
    }
    assert!(desk.ops(&["webhooks", "list", "--reveal"]).await.done().contains(url));

    let tried = desk.json(&["webhooks", "test", id]).await;
    assert_eq!((&tried["taken"], &tried["status"]), (&json!(true), &json!(200)));
    receiver.has(1).await;
    let told = receiver.told().remove(0);
    verify(&told, secret);
    assert_eq!((told.kind(), told.id()), ("webhook.test".to_owned(), tried["event"].as_str().unwrap().to_owned()));

    let reply = desk.service.post("complete_order", &paid_cart("1001")).await.data();
    receiver.has(2).await;
    let told = receiver.told().remove(1);
    verify(&told, secret);
    assert_eq!(
        (told.kind(), &told.json()["data"]["work_order_id"]),
        ("order.completed".to_owned(), &reply["work_order_id"])
    );

    let nobody = desk.ops(&["webhooks", "remove", id]).await.sentence(2);
    assert!(nobody.contains("--yes"), "{nobody}");
    assert_eq!(desk.ops(&["webhooks", "remove", id, "--yes"]).await.done(), format!("Removed {id}.\n"));
    assert_eq!(desk.ops(&["webhooks", "remove", id, "--yes"]).await.sentence(1), format!("There is no endpoint {id}."));
    assert_eq!(desk.ops(&["webhooks", "test", id]).await.sentence(1), format!("There is no endpoint {id}."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_is_not_taken_says_why() {
    let desk = Desk::idle().await;
    let receiver = Receiver::start("ill", &[], Answer::Redirect).await;
    let added = desk.json(&["webhooks", "add", &receiver.endpoint.url]).await;
    assert!(added["secret"].as_str().unwrap().starts_with("whsec_"));
    let tried = desk.ops(&["webhooks", "test", added["id"].as_str().unwrap()]).await;
    assert_eq!((tried.code, tried.err.as_str()), (1, ""), "{tried:?}");
    assert!(tried.out.contains("answered with status 307"), "{}", tried.out);
    assert_eq!(receiver.told().len(), 1, "the redirect is not followed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_an_endpoint_is_refused() {
    let desk = Desk::idle().await;
    for (arguments, why) in [
        (&["webhooks", "add", "shop.example/hooks"][..], "`URL` must be a URL, https://host/path."),
        (&["webhooks", "add", "https://jane:secret@shop.example/"], "`URL` must not hold a user name or a password."),
    ] {
        assert_eq!(desk.ops(arguments).await.sentence(2), why);
    }
    let unknown = desk.ops(&["webhooks", "add", "https://shop.example/", "--event", "order.paid"]).await;
    assert!(unknown.code == 2 && unknown.err.contains("payment.submitted"), "{unknown:?}");
    // On a stack, only public addresses.
    let mut on_aws = command(&["webhooks", "add", "http://10.0.0.1/", "--table", "t", "--region", "us-east-1"]);
    on_aws.env("AWS_ACCESS_KEY_ID", "none").env("AWS_SECRET_ACCESS_KEY", "none");
    assert_eq!(end(on_aws).await.sentence(2), "`URL` must begin with https://.");
    assert!(desk.ops(&["webhooks", "list"]).await.done().contains("There are no endpoints"));
}
