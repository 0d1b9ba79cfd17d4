//! The README's two commands, as a person runs them: the receiver in a process of its own, killed in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use example_provisioner::Ledger;
use local::{DEMO_KEY, Local, Options};
use serde_json::{Value, json};
use shared::outbound::{
    address_policy::AddressPolicy, post::OutboundClient, provisioner::HttpProvisioner, sign::SigningSecrets,
    url::OutboundUrl,
};

/// The arguments after `cargo run -p PROGRAM --` in the README.
fn arguments(program: &str) -> Vec<String> {
    let readme = include_str!("../README.md");
    let command = readme.lines().find_map(|line| line.strip_prefix(&format!("cargo run -p {program} -- ")));
    command.expect("the command").split_whitespace().map(str::to_owned).collect()
}

fn after(arguments: &[String], flag: &str) -> String {
    let place = arguments.iter().position(|argument| argument == flag).unwrap_or_else(|| panic!("{flag}"));
    arguments[place + 1].clone()
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // As kill -9 does; one that has ended already is no fault.
        let _ended = self.0.kill();
        self.0.wait().unwrap();
    }
}

/// Runs the program with the README's arguments, but for where it listens and writes; its URL.
fn start(listen: &str, ledger: &std::path::Path) -> (Running, String) {
    let mut arguments = arguments("example_provisioner");
    for (flag, value) in [("--listen", listen), ("--ledger", ledger.to_str().unwrap())] {
        let place = arguments.iter().position(|argument| argument == flag).expect(flag);
        value.clone_into(&mut arguments[place + 1]);
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_example_provisioner"))
        .args(&arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("Listening at ").unwrap_or_else(|| panic!("{line}")).to_owned();
    (Running(child), url)
}

async fn call(local: &Local, target: &str, body: Option<&Value>) -> Value {
    let url = format!("{}/api/{target}", local.url);
    let client = reqwest::Client::new();
    let request = match body {
        Some(body) => client.post(url).body(body.to_string()),
        None => client.get(url),
    };
    let answer = request.header("X-Panelr-API-Key", DEMO_KEY).send().await.unwrap().text().await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["success"], true, "{answer}");
    answer["data"].clone()
}

async fn complete(local: &Local) -> String {
    let items = json!([{ "product_id": 1, "intent": "new_activation" }]);
    let order = json!({ "customer_email": "john@example.com", "payment_method_id": 1, "items": items });
    call(local, "complete_order", Some(&order)).await["reference_code"].as_str().unwrap().to_owned()
}

/// The user name, once the order is completed.
async fn username(local: &Local, reference: &str) -> String {
    for _ in 0..300 {
        let order = call(local, &format!("get_work_order?ref={reference}&email=john@example.com"), None).await;
        if order["status"] == "completed" {
            return order["cart"][0]["linked_username"].as_str().unwrap().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{reference} is not completed after 15 seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_commands() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    let (running, url) = start("127.0.0.1:0", &ledger);
    let arguments = arguments("local");
    assert!(after(&arguments, "--provisioner-url").starts_with("http://127.0.0.1:9100"));
    let provisioner = HttpProvisioner {
        client: OutboundClient::new(AddressPolicy::Any),
        endpoint: OutboundUrl::parse(&url, AddressPolicy::Any).unwrap(),
        secrets: SigningSecrets::parse(&after(&arguments, "--provisioner-secret")).unwrap(),
    };
    let local = Local::start(Options { port: 0, provisioner: Some(provisioner), ..Options::default() }).await.unwrap();
    let first = complete(&local).await;
    assert_eq!(username(&local, &first).await, "tv-line4201");
    // The receiver is killed, an order comes, and it is started again.
    drop(running);
    let second = complete(&local).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let (running, _) = start(&address, &ledger);
    assert_eq!(username(&local, &second).await, "tv-line4301");
    local.stop().await;
    drop(running);
    let ledger = Ledger::open(&ledger).unwrap();
    assert_eq!((ledger.lines().len(), ledger.done().len()), (2, 2));
}

#[test]
fn what_it_cannot_run_with_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("ledger.jsonl");
    std::fs::write(&bad, "nonsense\n").unwrap();
    for (arguments, sentence) in [
        (vec!["--secret", "whsec_!"], "receiver: the secret must be whsec_ and Base64\n".to_owned()),
        (
            vec!["--secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "--ledger", bad.to_str().unwrap()],
            format!("receiver: the ledger {} cannot be read\n", bad.display()),
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_example_provisioner")).args(arguments).output().unwrap();
        assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(1), sentence));
    }
}
