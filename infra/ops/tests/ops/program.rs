//! The program in a process of its own.

use std::{process::Stdio, time::Duration};

use serde_json::{Value, json};
use support::service::{Setup, TestService};
use tokio::process::Command;

/// How it ended and what it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// What it wrote, of a run that did its work.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        self.out
    }

    /// The JSON it wrote.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The sentence of a run that ended with this code and wrote no result.
    #[track_caller]
    pub(crate) fn sentence(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        let sentence = self.err.strip_prefix("ops: ").unwrap_or_else(|| panic!("{self:?}")).trim_end().to_owned();
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
        sentence
    }
}

/// The program with nothing of this machine's environment.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ops"));
    command.args(arguments).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", "/nonexistent").env("USER", "tester");
    // Where coverage is measured, the program adds its own.
    command.envs(std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)));
    command
}

pub(crate) async fn end(mut command: Command) -> Ended {
    let output = tokio::time::timeout(Duration::from_secs(60), command.output()).await.expect("it ends").unwrap();
    Ended {
        code: output.status.code().expect("an exit code"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A service and its operator.
pub(crate) struct Desk {
    pub(crate) service: TestService,
}

impl Desk {
    /// On the demo catalogue.
    pub(crate) async fn open() -> Self {
        Self::with(None, true).await
    }

    /// Where nobody works the queue off.
    pub(crate) async fn idle() -> Self {
        Self::with(None, false).await
    }

    /// Where nothing is.
    pub(crate) async fn empty() -> Self {
        Self::with(Some(json!({})), true).await
    }

    pub(crate) async fn with(seed: Option<Value>, background: bool) -> Self {
        // The operator's changes are seen at once.
        let setup = Setup { seed, background, cache_for: Duration::ZERO, ..Setup::default() };
        Self { service: TestService::with(setup).await }
    }

    /// A command on this service.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let local = format!("--local={}", self.service.local.url);
        command(&[&[local.as_str()], arguments].concat())
    }

    /// Runs a command.
    pub(crate) async fn ops(&self, arguments: &[&str]) -> Ended {
        end(self.command(arguments)).await
    }

    /// The same by this operator.
    pub(crate) async fn ops_as(&self, name: &str, arguments: &[&str]) -> Ended {
        self.ops(&[arguments, &["--as", name]].concat()).await
    }

    /// Runs a command with `--json`.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.ops(&[arguments, &["--json"]].concat()).await;
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{ended:?}");
        ended.json()
    }

    /// An order of this state, by create_work_order.
    pub(crate) async fn order(&self, status: &str, wc_order_id: &str) -> String {
        let body = json!({
            "customer_email": "john@example.com",
            "customer_name": "John Private",
            "customer_phone": "+1 555 0100",
            "customer_address": "1 Private Street",
            "notes": "please be quick",
            "status": status,
            "payment_method_id": 2,
            "wc_order_id": wc_order_id,
            "items": [{ "product_id": 1, "intent": "new_activation" }],
        });
        self.service.created(&body).await["reference_code"].as_str().unwrap().to_owned()
    }

    /// An order whose payment was submitted.
    pub(crate) async fn submitted(&self, wc_order_id: &str) -> String {
        let reference = self.order("pending_payment", wc_order_id).await;
        let body = json!({ "reference_code": reference, "customer_email": "john@example.com",
            "payment_transaction_id": "V1", "amount": 10.49, "customer_note": "sent it this morning" });
        self.service.post("submit_payment", &body).await.data();
        reference
    }
}
