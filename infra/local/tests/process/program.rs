//! The program in a process of its own.

use std::{
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use local::{DEMO_KEY, Local, Options};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStdout, Command},
};

pub(crate) struct Program {
    pub(crate) child: Child,
    out: BufReader<ChildStdout>,
    /// What it printed up to the curl commands.
    pub(crate) welcome: String,
    pub(crate) url: String,
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_work-orders"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

impl Program {
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let mut child = command(&[&["--port", "0"], arguments].concat()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut welcome = String::new();
        while !welcome.contains("get_work_order") {
            let read = tokio::time::timeout(Duration::from_secs(20), out.read_line(&mut welcome)).await;
            assert!(read.unwrap().unwrap() > 0, "it ended: {welcome}");
        }
        let url = welcome.lines().find_map(|line| line.strip_prefix("Listening at ")).unwrap().to_owned();
        Self { child, out, welcome, url }
    }

    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().await.unwrap().success());
    }

    /// Ends it politely; all that it wrote after the welcome.
    pub(crate) async fn end(mut self, signal: &str) -> String {
        self.signal(signal).await;
        let status = tokio::time::timeout(Duration::from_secs(15), self.child.wait()).await.expect("it ends").unwrap();
        assert!(status.success(), "{status}");
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).await.unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut rest).await.unwrap();
        rest
    }

    pub(crate) async fn post(&self, action: &str, body: &Value) -> Value {
        let request = reqwest::Client::new().post(format!("{}/api/{action}", self.url));
        request.header("X-Panelr-API-Key", DEMO_KEY).json(body).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn order(&self, reference: &str) -> Value {
        let url = format!("{}/api/get_work_order?ref={reference}&email=john@example.com", self.url);
        let answer: Value = reqwest::Client::new()
            .get(url)
            .header("X-Panelr-API-Key", DEMO_KEY)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        answer["data"].clone()
    }

    pub(crate) async fn completes(&self, reference: &str) -> Value {
        for _ in 0..100 {
            let order = self.order(reference).await;
            if order["status"] == "completed" {
                return order;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{reference} is not completed after 2 seconds: {}", self.order(reference).await);
    }
}

pub(crate) fn cart() -> Value {
    json!({ "customer_email": "john@example.com", "payment_method_id": 1, "items": [{ "product_id": 1, "intent": "new_activation" }] })
}

pub(crate) async fn fails(arguments: &[&str]) -> String {
    let output: Output =
        tokio::time::timeout(Duration::from_secs(20), command(arguments).output()).await.expect("it ends").unwrap();
    assert!(!output.status.success(), "it started with {arguments:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "one clear sentence: {text}");
    assert!(String::from_utf8(output.stdout).unwrap().is_empty());
    text
}

/// The lines in a data folder.
pub(crate) async fn lines(
    folder: &Path,
) -> Vec<std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>> {
    let options = Options { port: 0, data: Some(folder.to_owned()), background: false, ..Options::default() };
    let local = Local::start(options).await.unwrap();
    let scan = local.aws.dynamodb().scan().table_name(local::store::TABLE).into_paginator().items().send();
    let items = scan.collect::<Result<Vec<_>, _>>().await.unwrap();
    local.stop().await;
    items.into_iter().filter(|item| item["sk"].as_s().unwrap() == "line").collect()
}
