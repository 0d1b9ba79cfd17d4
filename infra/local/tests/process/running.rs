//! Starting, stopping, being killed.

use std::{collections::BTreeMap, time::Duration};

use local::{Local, Options};
use serde_json::{Value, json};
use shared::ports::WebhookEndpoints;
use support::receiver::{Answer, Receiver};

use crate::program::{Program, cart, command, fails, lines};

/// The quoted arguments of a curl command.
fn quoted(command: &str) -> Vec<&str> {
    command.split('\'').skip(1).step_by(2).collect()
}

#[tokio::test]
async fn the_curl_commands_work_as_printed() {
    let program = Program::start(&[]).await;
    let commands: Vec<&str> = program.welcome.split("  curl ").skip(1).collect();
    let [complete, look] = commands[..] else { panic!("{}", program.welcome) };
    let arguments = quoted(complete);
    let client = reqwest::Client::new();
    let mut request = client.post(arguments[0]);
    for text in [arguments[1], arguments[2]] {
        let (name, value) = text.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let reply: Value = request.body(arguments[3].to_owned()).send().await.unwrap().json().await.unwrap();
    let reference = reply["data"]["reference_code"].as_str().unwrap();
    assert!(program.completes(reference).await["cart"][0]["linked_username"].is_string());
    let arguments = quoted(look);
    assert!(arguments[0].contains("ref=WO-2026-00042"));
    let url = arguments[0].replace("WO-2026-00042", reference);
    let (name, value) = arguments[1].split_once(": ").unwrap();
    let order: Value = client.get(url).header(name, value).send().await.unwrap().json().await.unwrap();
    assert_eq!(order["data"]["status"], "completed");
}

#[tokio::test]
async fn it_writes_a_line_for_each_request_and_order_and_stops_cleanly() {
    for signal in ["TERM", "INT"] {
        let program = Program::start(&[]).await;
        let reply = program.post("complete_order", &cart()).await;
        let reference = reply["data"]["reference_code"].as_str().unwrap().to_owned();
        program.completes(&reference).await;
        let log = program.end(signal).await;
        let about = |what: &str| log.lines().filter(|line| line.contains(what) && line.contains(&reference)).count();
        assert_eq!(about("action=\"complete_order\""), 1, "{log}");
        assert_eq!(about("action=\"provision\""), 1, "{log}");
    }
}

#[tokio::test]
async fn an_accepted_order_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let mut references = Vec::new();
    for round in 0..3 {
        let mut program = Program::start(&["--data", data]).await;
        let reply = program.post("complete_order", &cart()).await;
        program.child.start_kill().unwrap();
        program.child.wait().await.unwrap();
        assert!(reply["data"]["work_order_id"].as_u64().unwrap() >= 42 + round);
        references.push(reply["data"]["reference_code"].as_str().unwrap().to_owned());
    }
    let program = Program::start(&["--data", data]).await;
    let mut names = Vec::new();
    for reference in &references {
        names.push(program.completes(reference).await["cart"][0]["linked_username"].clone());
    }
    names.dedup();
    assert_eq!(names.len(), references.len());
    program.end("TERM").await;
    assert_eq!(lines(folder.path()).await.len(), 2 + references.len(), "each once, beside the demo's two");
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_said_in_one_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert!(fails(&["--port", &port]).await.contains(&format!("port {port} is in use")));

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("file"), "x").unwrap();
    assert!(fails(&["--port", "0", "--data", &path("file")]).await.contains("data folder"));
    assert!(fails(&["--port", "0", "--data", "/proc/nowhere"]).await.contains("data folder"));

    std::fs::create_dir(path("corrupt")).unwrap();
    std::fs::write(
        path("corrupt/orders.sqlite"),
        "not a database at all, but long enough to be read as one".repeat(100),
    )
    .unwrap();
    let fault = fails(&["--port", "0", "--data", &path("corrupt")]).await;
    assert!(fault.contains("orders.sqlite") && fault.contains("damaged"), "{fault}");

    assert!(fails(&["--port", "0", "--seed", &path("absent.json")]).await.contains("absent.json"));
    std::fs::write(path("bad.json"), r#"{"products": [{"id": 1}]}"#).unwrap();
    let output = command(&["--port", "0", "--seed", &path("bad.json")]).output().await.unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("products[0].name"));

    let data = path("data");
    let program = Program::start(&["--data", &data]).await;
    assert!(fails(&["--port", "0", "--data", &data]).await.contains("in use by another"));
    program.end("TERM").await;
}

#[tokio::test]
async fn the_token_secret_is_kept_and_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let program = Program::start(&["--data", data]).await;
    let mut body = cart();
    body["status"] = json!("pending");
    let created = program.post("create_work_order", &body).await["data"].clone();
    program.end("TERM").await;
    let mode = std::fs::metadata(folder.path().join("token-secret")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let program = Program::start(&["--data", data]).await;
    let token = json!({ "confirmation_token": created["confirmation_token"] });
    assert_eq!(program.post("complete_order", &token).await["data"]["work_order_id"], created["work_order_id"]);
}

/// However often it is killed, at whatever moment: every change of every order is told, a repeat under the id of the first time.
#[tokio::test]
async fn events_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let receiver = Receiver::start("0123456789ab", &[], Answer::Status(200)).await;
    let options = Options { port: 0, data: Some(folder.path().to_owned()), background: false, ..Options::default() };
    let local = Local::start(options).await.unwrap();
    local.store.add_endpoint(&receiver.endpoint).await.unwrap();
    local.stop().await;
    let mut orders = 0;
    for round in 0..4 {
        let mut program = Program::start(&["--data", data]).await;
        for _ in 0..5 {
            program.post("complete_order", &cart()).await;
            orders += 1;
        }
        // At once, while events are being published, while they are being delivered.
        tokio::time::sleep(Duration::from_millis(150 * round)).await;
        program.child.start_kill().unwrap();
        program.child.wait().await.unwrap();
    }
    let program = Program::start(&["--data", data]).await;
    let mut told: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for _ in 0..200 {
        told = BTreeMap::new();
        for one in receiver.told() {
            told.entry(one.id()).or_default().push(one.body);
        }
        if told.len() == 2 * orders {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(told.len(), 2 * orders, "queued and completed, for each");
    assert!(told.values().all(|bodies| bodies.windows(2).all(|pair| pair[0] == pair[1])), "repeats are the same");
    // Once all are delivered, the place is kept, and the next start repeats nothing.
    let place = folder.path().join("events-place");
    for _ in 0..100 {
        if place.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    program.end("TERM").await;
    let before = receiver.told().len();
    let program = Program::start(&["--data", data]).await;
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    assert_eq!(receiver.told().len(), before);
    program.end("TERM").await;
}

#[tokio::test]
async fn it_begins_with_nothing_if_asked_to() {
    use tokio::io::{AsyncBufReadExt, BufReader};
    let mut child = command(&["--port", "0", "--no-seed"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut welcome = String::new();
    while !welcome.contains("Operate with") {
        let line = tokio::time::timeout(std::time::Duration::from_secs(20), lines.next_line()).await;
        welcome += &line.unwrap().unwrap().unwrap_or_else(|| panic!("it ended: {welcome}"));
        welcome.push('\n');
    }
    assert!(!welcome.contains(local::DEMO_KEY), "{welcome}");
    let url = welcome.lines().find_map(|line| line.strip_prefix("Listening at ")).unwrap();
    let request = reqwest::Client::new().get(format!("{url}/api/get_products"));
    let answer = request.header("X-Panelr-API-Key", local::DEMO_KEY).send().await.unwrap();
    assert_eq!(answer.status(), 401, "there is no key");
    let about: Value = reqwest::get(format!("{url}/_local")).await.unwrap().json().await.unwrap();
    assert!(welcome.contains(about["dynamodb_endpoint"].as_str().unwrap()), "{welcome}{about}");
    assert_eq!(about["table"], local::store::TABLE);
    child.start_kill().unwrap();
    child.wait().await.unwrap();
    let output = command(&["--port", "0", "--no-seed", "--seed", "x.json"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
}
