//! A function's binary in a process of its own, with the environment that template.yaml gives it.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
    time::Duration,
};

use serde_json::Value;
use serde_yaml_ng::Value as Yaml;
use support::{
    runtime_api::{REQUEST_ID, RuntimeApi},
    service::{Setup, TestService},
};
use tempfile::NamedTempFile;
use tokio::process::{Child, Command};

/// What signs the tokens here.
pub(crate) const TOKEN_SECRET: &str = "a secret of these tests and of nothing else";
/// Longer than anything takes on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);
/// What an HTTP function has of the gateway's patience.
const USUAL: Duration = Duration::from_secs(10);

pub(crate) type Variables = BTreeMap<String, String>;

/// The table and the queues that functions are started over. Nobody but them works off anything there.
pub(crate) async fn stack() -> TestService {
    TestService::with(Setup { background: false, ..Setup::default() }).await
}

/// The functions that template.yaml has, each with its own variables.
pub(crate) fn all(service: &TestService) -> BTreeMap<String, Variables> {
    let template: Yaml = serde_yaml_ng::from_str(local::template::TEXT).unwrap();
    let resources = template["Resources"].as_mapping().unwrap().values();
    let functions = resources.filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    functions
        .map(|function| {
            let name = function["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap().to_owned();
            let given = function["Properties"].get("Environment").map(|environment| &environment["Variables"]);
            let given = given.and_then(Yaml::as_mapping).into_iter().flatten();
            let value = |(name, value): (&Yaml, &Yaml)| {
                let name = name.as_str().unwrap().to_owned();
                value_of(&template, service, &name, value).map(|value| (name, value))
            };
            (name, given.filter_map(value).collect())
        })
        .collect()
}

/// What stands here for what the template says.
fn value_of(template: &Yaml, service: &TestService, name: &str, value: &Yaml) -> Option<String> {
    match name {
        "TABLE_NAME" => Some(local::store::TABLE.to_owned()),
        "QUEUE_URL" => Some(service.local.queue_url.clone()),
        "EVENTS_QUEUE_URL" => Some(service.local.events_url.clone()),
        "UNPUBLISHED_QUEUE_URL" => Some(service.local.unpublished_url.clone()),
        "TOKEN_SECRET" => Some(TOKEN_SECRET.to_owned()),
        // In a stack without a provisioner, whose secret was not rotated and is not about to be.
        "TOKEN_SECRET_PREVIOUS" | "TOKEN_SECRET_NEXT" | "PROVISIONER_SECRET" => None,
        _ => {
            let Yaml::Tagged(tagged) = value else { panic!("nothing here stands for {name}") };
            match &template["Parameters"][tagged.value.as_str().unwrap()]["Default"] {
                Yaml::String(text) => Some(text.clone()),
                Yaml::Number(number) => Some(number.to_string()),
                other => panic!("nothing here stands for {name}: {other:?}"),
            }
        }
    }
}

/// What Lambda itself sets, with the endpoints of the service here.
pub(crate) fn of_lambda(service: &TestService) -> Variables {
    let aws = &service.local.aws;
    let variables = [
        ("AWS_REGION", aws.region.as_str()),
        ("AWS_ACCESS_KEY_ID", "AKIDOFTHETESTS"),
        ("AWS_SECRET_ACCESS_KEY", "the-tests-own-secret-access-key"),
        ("AWS_SESSION_TOKEN", "the-tests-own-session-token"),
        ("AWS_ENDPOINT_URL_DYNAMODB", aws.dynamodb_endpoint.as_deref().unwrap()),
        ("AWS_ENDPOINT_URL_SQS", aws.sqs_endpoint.as_deref().unwrap()),
        ("AWS_LAMBDA_FUNCTION_NAME", "wiring"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// A function's binary: that in the folder `BOOTSTRAPS`, laid out as `cargo lambda build` does, or the debug build.
fn binary(name: &str) -> PathBuf {
    match std::env::var_os("BOOTSTRAPS") {
        Some(folder) => Path::new(&folder).join(name).join("bootstrap"),
        None => binaries().join(name),
    }
}

/// The folder of the functions' binaries. Cargo builds none of another package's for a test, so they are built here, once.
fn binaries() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // target/debug/deps/wiring-0123456789abcdef
        let own = std::env::current_exe().unwrap();
        let folder = own.ancestors().nth(2).unwrap();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = std::process::Command::new(cargo);
        // All packages and a test, as in `cargo test --workspace`: else what they depend on is built with other features.
        build.args(["build", "--quiet", "--locked", "--workspace", "--bins", "--test", "wiring", "--target-dir"]);
        build.arg(folder.parent().unwrap()).current_dir(env!("CARGO_MANIFEST_DIR"));
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        // What cargo tells this test of its package would make build scripts that look at it run again.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
                build.env_remove(name);
            }
        }
        assert!(build.status().unwrap().success(), "the functions cannot be built");
        folder.to_owned()
    })
}

/// A running function. The process ends with it.
pub(crate) struct Function {
    api: RuntimeApi,
    /// Events that it has been given.
    given: u64,
    process: Child,
    log: NamedTempFile,
}

impl Function {
    /// Starts a function with the variables of the template, some of them set otherwise.
    pub(crate) async fn start(service: &TestService, name: &str, otherwise: &[(&str, &str)]) -> Self {
        let mut variables = of_lambda(service);
        variables.extend(all(service).remove(name).unwrap());
        variables.extend(otherwise.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Self::with(name, &variables).await.unwrap_or_else(|log| panic!("{name} ended:\n{log}"))
    }

    /// Starts a function; if it ends before it has asked for an event, what it wrote.
    pub(crate) async fn with(name: &str, variables: &Variables) -> Result<Self, String> {
        let api = RuntimeApi::start().await;
        let log = NamedTempFile::new().unwrap();
        let out = || Stdio::from(File::options().append(true).open(log.path()).unwrap());
        let mut command = Command::new(binary(name));
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(out())
            .stderr(out())
            .kill_on_drop(true);
        // Where coverage is measured, the process adds its own.
        if let Some(profile) = std::env::var_os("LLVM_PROFILE_FILE") {
            command.env("LLVM_PROFILE_FILE", profile);
        }
        let mut function = Self { process: command.spawn().unwrap(), api, given: 0, log };
        let asked = tokio::select! {
            asked = tokio::time::timeout(LONGEST, function.api.asked(1)) => { asked.expect("it starts"); true }
            end = function.process.wait() => { assert!(!end.unwrap().success(), "{name}"); false }
        };
        if asked { Ok(function) } else { Err(function.log()) }
    }

    /// What it replies to an event.
    #[track_caller]
    pub(crate) fn send(&mut self, event: &Value) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            let answer = self.answer(event.to_string(), USUAL).await;
            answer.unwrap_or_else(|error| panic!("{place}: it reports {error}\n{}", self.log()))
        }
    }

    /// What it replies to an event for which it has this much time, or the error that it reports.
    pub(crate) async fn answer(&mut self, event: String, time: Duration) -> Result<Value, Value> {
        let invoked = async {
            let answer = self.api.invoke(event, time).await;
            self.given += 1;
            // Only then it is done with the event.
            self.api.asked(self.given + 1).await;
            answer.reply
        };
        let answer = tokio::select! {
            answer = tokio::time::timeout(LONGEST, invoked) => answer.expect("it answers"),
            _ = self.process.wait() => panic!("it ended:\n{}", self.log()),
        };
        let json = |body: axum::body::Bytes| serde_json::from_slice(&body).expect("JSON");
        answer.map(json).map_err(json)
    }

    /// All that it has written.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }

    /// Ends it; all that it wrote.
    pub(crate) async fn end(mut self) -> String {
        self.api.close();
        tokio::time::timeout(LONGEST, self.process.wait()).await.expect("it ends").unwrap();
        self.log()
    }
}

/// An event of `tests/events`.
pub(crate) fn event(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("events").join(format!("{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The same with these fields of its body set.
pub(crate) fn event_with(name: &str, fields: &Value) -> Value {
    let mut event = event(name);
    let body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    event["body"] = support::service::with(&body, fields.clone()).to_string().into();
    event
}

/// The JSON in the reply of an HTTP function, which must have this status.
#[track_caller]
pub(crate) fn body(reply: &Value, status: u16) -> Value {
    assert_eq!(reply["statusCode"], status, "{reply}");
    assert_eq!(reply["headers"]["content-type"], "application/json", "{reply}");
    assert_eq!(reply["headers"]["cache-control"], "no-store", "{reply}");
    assert_eq!(reply["headers"]["x-request-id"], REQUEST_ID, "{reply}");
    serde_json::from_str(reply["body"].as_str().unwrap()).unwrap()
}

/// `data` of a success on the Panelr side.
#[track_caller]
pub(crate) fn data(reply: &Value) -> Value {
    let body = body(reply, 200);
    assert_eq!((&body["success"], &body["error"]), (&Value::Bool(true), &Value::Null), "{body}");
    body["data"].clone()
}
