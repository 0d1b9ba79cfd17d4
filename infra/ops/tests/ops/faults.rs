//! What an operator reads when it does not work: one clear sentence, and an exit code of its own.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use tokio::process::Command;

use crate::program::{Desk, Ended, command, end};

/// An endpoint that gives every request this answer.
fn canned(status: u16, kind: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0u8; 8_192];
            let _read = stream.read(&mut request);
            let body = format!(
                "{{\"__type\":\"com.amazonaws.dynamodb.v20120810#{kind}\",\"message\":\"private words of AWS\"}}"
            );
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _written = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    url
}

/// A command on AWS, at this endpoint.
fn on_aws(endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = command(arguments);
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "a-secret-of-aws")
        .env("AWS_REGION", "eu-west-1")
        .env("TABLE_NAME", "work-orders");
    command
}

async fn sentence(command: Command) -> String {
    let sentence = end(command).await.sentence(3);
    for private in ["a-secret-of-aws", "AKIDEXAMPLE", "private words"] {
        assert!(!sentence.contains(private), "{sentence}");
    }
    assert!(sentence.ends_with(['.', '?']), "{sentence}");
    sentence
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_aws_does_not_accept() {
    for kind in ["UnrecognizedClientException", "InvalidSignatureException", "MissingAuthenticationTokenException"] {
        let said = sentence(on_aws(&canned(400, kind), &["keys", "list"])).await;
        assert!(said.starts_with("AWS does not accept these credentials") && said.contains("AWS_PROFILE"), "{said}");
    }
    let said = sentence(on_aws(&canned(400, "ExpiredTokenException"), &["orders", "list"])).await;
    assert!(said.contains("have expired") && said.contains("log in again"), "{said}");
    let said = sentence(on_aws(&canned(400, "AccessDeniedException"), &["orders", "show", "42"])).await;
    assert!(said.contains("may not do GetItem in eu-west-1") && said.contains("infra/ops/README.md"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credentials_at_all_and_a_profile_that_is_none() {
    let mut none = on_aws("http://127.0.0.1:1", &["keys", "list"]);
    none.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let said = sentence(none).await;
    assert!(said.starts_with("There are no AWS credentials"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, "[profile known]\nregion = eu-west-1\n").unwrap();
    let mut wrong = on_aws("http://127.0.0.1:1", &["keys", "list", "--profile", "unknown"]);
    wrong.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").env("AWS_CONFIG_FILE", &config);
    let said = sentence(wrong).await;
    assert!(said.contains("credentials") || said.contains("profile"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_not_there_or_in_another_region() {
    let desk = Desk::empty().await;
    let endpoint = desk.service.local.aws.dynamodb_endpoint.clone().unwrap();
    let said = sentence(on_aws(&endpoint, &["keys", "list", "--table", "other"])).await;
    assert_eq!(said, "There is no table other in eu-west-1; check --table and --region.");
    let said = sentence(on_aws(&endpoint, &["catalogue", "export", "--table", "other", "--region", "us-west-2"])).await;
    assert_eq!(said, "There is no table other in us-west-2; check --table and --region.");

    let queue = "https://sqs.us-east-1.amazonaws.com/123456789012/stack-provision";
    let mut other = on_aws(&endpoint, &["orders", "approve", "42", "--yes"]);
    other.env("QUEUE_URL", queue);
    let said = end(other).await.sentence(2);
    assert_eq!(said, format!("The queue {queue} is in us-east-1, but the region is eu-west-1; check --region."));
    let mut no_region = on_aws(&endpoint, &["keys", "list"]);
    no_region.env_remove("AWS_REGION");
    let said = end(no_region).await.sentence(2);
    assert_eq!(said, "No AWS region is set: give --region or set AWS_REGION.");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers() {
    let said = sentence(on_aws("http://127.0.0.1:1", &["keys", "list"])).await;
    assert!(said.starts_with("DynamoDB in eu-west-1 cannot be reached"), "{said}");
    let said = end(command(&["--local=http://127.0.0.1:1", "keys", "list"])).await.sentence(3);
    assert!(said.starts_with("No local service answers at http://127.0.0.1:1;"), "{said}");
    let other = canned(200, "Something");
    let said = end(command(&[&format!("--local={other}"), "keys", "list"])).await.sentence(3);
    assert!(said.ends_with("is not the local service of this release."), "{said}");
    let said = end(command(&["--local=nowhere", "keys", "list"])).await.sentence(2);
    assert!(said.starts_with("`--local` must be a URL"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_not_named() {
    let said = end(command(&["keys", "list"])).await.sentence(2);
    assert!(said.contains("--table") && said.contains("TABLE_NAME") && said.contains("--local"), "{said}");
    let desk = Desk::empty().await;
    let endpoint = desk.service.local.aws.dynamodb_endpoint.clone().unwrap();
    let said = end(on_aws(&endpoint, &["orders", "retry", "42"])).await.sentence(2);
    assert!(said.contains("QUEUE_URL"), "{said}");
    let over_aws = end(on_aws(&endpoint, &["keys", "list"])).await.done();
    assert!(over_aws.contains("There are no keys"), "the same over AWS's way: {over_aws}");
}

#[tokio::test(flavor = "multi_thread")]
async fn help_and_completions_need_no_stack() {
    let Ended { code, out, err } = end(command(&["--help"])).await;
    assert!(code == 0 && err.is_empty() && out.contains("Exit codes"), "{out}{err}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = end(command(&["completions", shell])).await.done();
        assert!(script.contains("catalogue") && script.contains("approve"), "{shell}");
    }
    let wrong = end(command(&["ordres"])).await;
    assert!(wrong.code == 2 && wrong.err.contains("orders"), "{wrong:?}");
}
