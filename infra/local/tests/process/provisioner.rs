//! The program with a provisioner beside it: the flags, and what the log keeps to itself.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use serde_json::{Value, json};

use crate::program::{Program, cart, command, fails};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[tokio::test]
async fn a_provisioner_that_cannot_be_used_is_said_in_one_sentence() {
    let start = async |url: &str, secret: &str| {
        fails(&["--port", "0", "--provisioner-url", url, "--provisioner-secret", secret]).await
    };
    let fault = start("ftp://panel.example.com/private", SECRET).await;
    assert_eq!(fault, "local: --provisioner-url must be a URL, https://host/path\n");
    let fault = start("http://user:private@127.0.0.1/", SECRET).await;
    assert_eq!(fault, "local: --provisioner-url must not hold a user name or a password\n");
    let fault = start("http://127.0.0.1:9/", "whsec_private").await;
    assert_eq!(fault, "local: --provisioner-secret must be whsec_ and Base64\n");
    let output = command(&["--provisioner-url", "http://127.0.0.1:9/"]).output().await.unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("--provisioner-secret"));
}

/// Says everything that it was told again, in every kind of answer; a line of its own after that.
async fn talkative(bodies: Arc<Mutex<Vec<String>>>) -> String {
    let calls = Arc::new(AtomicUsize::new(0));
    let answer = move |body: Bytes| {
        let text = String::from_utf8(body.to_vec()).unwrap();
        bodies.lock().unwrap().push(text.clone());
        let answer = match calls.fetch_add(1, Ordering::SeqCst) {
            0 => (StatusCode::SERVICE_UNAVAILABLE, text),
            1 => (StatusCode::OK, json!({ "username": "Panel-Name", "password": "Panel-Password" }).to_string()),
            _ => (StatusCode::UNPROCESSABLE_ENTITY, json!({ "code": text, "message": text }).to_string()),
        };
        async move { answer }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/path-private", post(answer));
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/path-private?token=query-private")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_run_with_a_provisioner_gives_nothing_private_away() {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let url = talkative(bodies.clone()).await;
    let program = Program::start(&["--log", "json", "--provisioner-url", &url, "--provisioner-secret", SECRET]).await;
    let reference = async || {
        let reply = program.post("complete_order", &cart()).await;
        reply["data"]["reference_code"].as_str().unwrap().to_owned()
    };
    let first = reference().await;
    let mut order = Value::Null;
    // The first call fails: the order comes again after 2 seconds.
    for _ in 0..200 {
        order = program.order(&first).await;
        if order["status"] == "completed" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(order["cart"][0]["linked_username"], "Panel-Name");
    let second = reference().await;
    for _ in 0..100 {
        if program.order(&second).await["status"] == "pending" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let log = program.end("TERM").await;
    for wanted in
        ["PanelCalls", "PanelFaults", "PanelRefusals", "PanelMilliseconds", "the provisioner: it answered 503"]
    {
        assert!(log.contains(wanted), "{wanted} is not in the log:\n{log}");
    }
    assert!(log.contains("line 4301: the provisioner refused to create it: 422\""), "{log}");
    let mut private = ["john@", "Panel-Name", "Panel-Password", "path-private", "query-private", &SECRET[6..]]
        .map(str::to_owned)
        .to_vec();
    for body in bodies.lock().unwrap().iter() {
        let body: Value = serde_json::from_str(body).unwrap();
        private.extend(["username", "password"].map(|name| body["line"][name].as_str().unwrap().to_owned()));
    }
    assert_eq!(private.len(), 12, "three messages");
    let found: Vec<&String> = private.iter().filter(|value| log.contains(value.as_str())).collect();
    assert!(found.is_empty(), "the log gives away {found:?}:\n{log}");
}
