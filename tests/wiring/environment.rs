//! What a function reads of its environment: what it does without a variable, with one that cannot be used, and with others
//! than the usual ones.

use serde_json::{Value, json};
use shared::ports::WebhookEndpoints;
use support::{
    provisioner::{ProvisionerServer, SECRET},
    receiver::{Answer, Receiver},
    service::paid_cart,
};

use crate::{
    answers::{deliver, look, look_by, message, provision, reference},
    function::{Function, TOKEN_SECRET, all, body, data, event, event_with, of_lambda, stack},
};

/// Variables of the template that a function does without.
const OPTIONAL: [&str; 5] =
    ["EVENTS_ALLOW_PRIVATE", "KEY_RATE", "PROVISIONER_ALLOW_PRIVATE", "PROVISIONER_URL", "TOKEN_SECRET_VERSION"];
/// What every function needs that calls AWS.
const OF_AWS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_SECRET_ACCESS_KEY"];

/// The one line of a function that could not start.
async fn refusal(service: &support::service::TestService, name: &str, set: &[(&str, Option<&str>)]) -> String {
    let mut variables = of_lambda(service);
    variables.extend(all(service).remove(name).unwrap());
    for (variable, value) in set {
        match value {
            Some(value) => variables.insert((*variable).to_owned(), (*value).to_owned()),
            None => variables.remove(*variable),
        };
    }
    match Function::with(name, &variables).await {
        Err(log) => log,
        Ok(function) => panic!("{name} started with {set:?}:\n{}", function.end().await),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_is_missing_is_named() {
    let service = stack().await;
    let mut refused = 0;
    for (name, own) in all(&service) {
        let aws: &[&str] = if own.is_empty() { &[] } else { &OF_AWS };
        for missing in own.keys().map(String::as_str).filter(|name| !OPTIONAL.contains(name)).chain(aws.iter().copied())
        {
            // A variable that is set to nothing is as good as none.
            for value in [None, Some("")] {
                let log = refusal(&service, &name, &[(missing, value)]).await;
                let sentence = format!("Error: the environment variable {missing} is not set\n");
                assert!(log.ends_with(&sentence), "{name}, {missing}: {log}");
                refused += 1;
            }
        }
        let mut variables = of_lambda(&service);
        variables.extend(own.into_iter().filter(|(name, _)| !OPTIONAL.contains(&name.as_str())));
        let log = Function::with(&name, &variables).await.map_err(|log| format!("{name}: {log}")).unwrap().end().await;
        assert!(!log.contains("not done in init"), "{name}: {log}");
    }
    assert!(refused > 100, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_cannot_be_used_is_named_and_not_shown() {
    let service = stack().await;
    let provisioner = [("PROVISIONER_URL", "https://panel.example.com/"), ("PROVISIONER_SECRET", SECRET)];
    let cases = [
        ("get_work_order", &[] as &[(&str, &str)], "TOKEN_SECRET", "fifteen-letters"),
        ("get_work_order", &[], "TOKEN_SECRET_VERSION", "two"),
        ("get_work_order", &[("TOKEN_SECRET_VERSION", "2")], "TOKEN_SECRET_PREVIOUS", "fifteen-letters"),
        ("submit_payment", &[], "TOKEN_SECRET_NEXT", "fifteen-letters"),
        ("get_products", &[], "KEY_RATE", "often"),
        ("get_products", &[], "KEY_RATE", "-1"),
        ("deliver_events", &[], "EVENTS_ALLOW_PRIVATE", "perhaps"),
        ("provision", &provisioner, "PROVISIONER_ALLOW_PRIVATE", "perhaps"),
        ("provision", &provisioner, "PROVISIONER_URL", "http://panel.example.com/"),
        ("provision", &provisioner, "PROVISIONER_URL", "https://192.168.7.7/"),
        ("provision", &provisioner, "PROVISIONER_SECRET", "not-a-signing-secret"),
        ("provision", &provisioner, "PROVISIONER_SECRET", "whsec_c2hvcnQ="),
    ];
    for (name, others, variable, value) in cases {
        let mut set: Vec<_> = others.iter().map(|(name, value)| (*name, Some(*value))).collect();
        set.push((variable, Some(value)));
        let log = refusal(&service, name, &set).await;
        assert!(log.contains(&format!("Error: the environment variable {variable} must ")), "{variable}: {log}");
        assert!(!log.contains(value), "{variable}: {log}");
    }
    let log = refusal(&service, "provision", &[("PROVISIONER_URL", Some("https://panel.example.com/"))]).await;
    assert!(log.ends_with("Error: the environment variable PROVISIONER_SECRET is not set\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_good_under_the_secret_before_this_one_and_no_longer() {
    let service = stack().await;
    let mut create = Function::start(&service, "create_work_order", &[]).await;
    let created = data(&create.send(&event("create_work_order")).await);
    let (reference, token) = (reference(&created), created["confirmation_token"].as_str().unwrap());
    let now = ("TOKEN_SECRET", "the secret that came after it");
    let cases = [
        (&[] as &[(&str, &str)], 200),
        (&[now, ("TOKEN_SECRET_VERSION", "2"), ("TOKEN_SECRET_PREVIOUS", TOKEN_SECRET)], 200),
        (&[now, ("TOKEN_SECRET_VERSION", "2")], 404),
        (&[now, ("TOKEN_SECRET_VERSION", "3"), ("TOKEN_SECRET_PREVIOUS", "the secret that came between")], 404),
        // While the next secret is told to all, some make tokens with it already.
        (&[now, ("TOKEN_SECRET_NEXT", TOKEN_SECRET)], 200),
        // The first secret has none before it, whatever is set.
        (&[now, ("TOKEN_SECRET_PREVIOUS", TOKEN_SECRET)], 404),
    ];
    for (set, status) in cases {
        let mut get = Function::start(&service, "get_work_order", set).await;
        body(&get.send(&look_by(&reference, "token", token)).await, status);
        let log = get.end().await;
        assert!(!log.contains(token) && !log.contains(TOKEN_SECRET), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_rate_is_the_one_that_is_set() {
    let service = stack().await;
    for (rate, refused) in [("1", true), ("0", false), ("20", false)] {
        let mut function = Function::start(&service, "get_products", &[("KEY_RATE", rate)]).await;
        let mut replies = Vec::new();
        for _ in 0..8 {
            replies.push(function.send(&event("get_products")).await);
        }
        let too_many = replies.iter().find(|reply| reply["statusCode"] == 429);
        assert_eq!(too_many.is_some(), refused, "{rate} a second");
        if let Some(reply) = too_many {
            assert_eq!(body(reply, 429)["success"], false);
            assert_eq!(reply["headers"]["retry-after"], "1");
        }
        body(&replies[4], 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provisioner_is_told_where_one_is_named() {
    let service = stack().await;
    let provisioner = ProvisionerServer::good().await;
    let mut complete = Function::start(&service, "complete_order", &[]).await;
    let url = format!("http://{}/", provisioner.address);
    let set =
        [("PROVISIONER_URL", url.as_str()), ("PROVISIONER_ALLOW_PRIVATE", "true"), ("PROVISIONER_SECRET", SECRET)];
    let mut consumer = Function::start(&service, "provision", &set).await;
    let mut get = Function::start(&service, "get_work_order", &[]).await;
    let order = reference(&data(&complete.send(&event("complete_order")).await));
    let reply = consumer.send(&provision(&[message(&service).await])).await;
    assert_eq!(reply, json!({ "batchItemFailures": [] }));
    assert_eq!(provisioner.calls(), 1);
    let line = data(&get.send(&look(&order)).await)["cart"][0]["linked_username"].as_str().unwrap().to_owned();
    let log = consumer.end().await;
    let metrics = log.lines().filter(|line| line.contains("\"PanelMilliseconds\"") && line.contains("\"_aws\""));
    assert_eq!(metrics.count(), 1, "{log}");
    for private in [SECRET, &line, &url, "john@example.com"] {
        assert!(!log.contains(private), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_to_private_addresses_only_where_that_is_allowed() {
    let service = stack().await;
    let receiver = Receiver::start("private", &[], Answer::Status(200)).await;
    service.local.store.add_endpoint(&receiver.endpoint).await.unwrap();
    service.post("complete_order", &paid_cart("1001")).await.data();
    service.publish().await;
    let sent = service.receive(&service.local.events_url).await.remove(0);
    let batch = deliver(&sent);
    for (allowed, told) in [(None, 0), (Some("false"), 0), (Some("true"), 1)] {
        let variable: Vec<_> = allowed.map(|value| ("EVENTS_ALLOW_PRIVATE", value)).into_iter().collect();
        let mut function = Function::start(&service, "deliver_events", &variable).await;
        let reply = function.send(&batch).await;
        assert_eq!(receiver.told().len(), told, "{allowed:?}");
        assert_eq!(reply["batchItemFailures"].as_array().unwrap().len(), 1 - told, "{allowed:?}: {reply}");
        assert!(!function.end().await.contains("secret-in-the-url"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_order_is_the_same_in_every_environment() {
    let service = stack().await;
    let mut replies: Vec<Value> = Vec::new();
    for _ in 0..2 {
        let mut function = Function::start(&service, "complete_order", &[]).await;
        replies.push(data(&function.send(&event("complete_order")).await));
        let other = data(
            &function
                .send(&event_with(
                    "complete_order",
                    &json!({ "wc_order_id": "other", "payment_transaction_id": "pi_other" }),
                ))
                .await,
        );
        assert_ne!(other["work_order_id"], replies[0]["work_order_id"]);
        replies.push(other);
    }
    assert_eq!((&replies[0], &replies[1]), (&replies[2], &replies[3]));
}
