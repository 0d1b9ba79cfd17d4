//! An execution environment: a bootstrap as Lambda runs it, by itself or under callgrind.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use support::runtime_api::{Answer, RuntimeApi};
use tokio::process::{Child, Command};

use crate::fault::{Explain, Fault};

/// Longer than anything takes, under callgrind on a busy machine too.
const LONGEST: Duration = Duration::from_secs(120);

/// The time an invocation is given.
const GIVEN: Duration = Duration::from_secs(300);

/// What is run as a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// The file to execute.
    pub(crate) file: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// Environment variables that it needs beside those of every function.
    pub(crate) variables: Vec<(&'static str, OsString)>,
    /// What is uploaded to run it: a file, or a folder.
    pub(crate) package: PathBuf,
}

impl Program {
    /// The program of a bootstrap.
    pub(crate) fn bootstrap(file: &Path) -> Self {
        Self { file: file.to_owned(), arguments: Vec::new(), variables: Vec::new(), package: file.to_owned() }
    }

    /// The same under callgrind, which writes what it counted to `out`.
    pub(crate) fn under_callgrind(&self, out: &Path) -> Self {
        let arguments = ["--tool=callgrind".into(), "--quiet".into(), with("--callgrind-out-file=", out)]
            .into_iter()
            .chain([self.file.clone().into_os_string()])
            .chain(self.arguments.iter().cloned());
        Self { file: "valgrind".into(), arguments: arguments.collect(), ..self.clone() }
    }
}

fn with(option: &str, value: &Path) -> OsString {
    let mut option = OsString::from(option);
    option.push(value);
    option
}

/// What a process has used so far.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Usage {
    /// Processor time of all its threads.
    pub(crate) cpu: Duration,
    /// The most memory it held, in bytes.
    pub(crate) peak_rss: u64,
    /// Its threads now.
    pub(crate) threads: u64,
}

/// A running environment. The process ends with it.
pub(crate) struct Environment {
    api: RuntimeApi,
    process: Child,
    log: PathBuf,
    asked: u64,
}

impl Environment {
    /// Starts `program` as `function`. Returns it when it asks for its first event, with the time that took.
    pub(crate) async fn start(
        program: &Program,
        function: &str,
        variables: &[(&'static str, String)],
        log: &Path,
    ) -> Result<(Self, Duration), Fault> {
        let api = RuntimeApi::start().await;
        let out = std::fs::File::create(log).explain("a log cannot be written")?;
        let errors = out.try_clone().explain("a log cannot be written")?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut command = Command::new(&program.file);
        command
            .args(&program.arguments)
            .env_clear()
            .env("PATH", path)
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{function}"))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "bench")
            .env("AWS_SECRET_ACCESS_KEY", "bench")
            .env("AWS_SESSION_TOKEN", "bench")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .envs(program.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .kill_on_drop(true);
        let started = Instant::now();
        let process = command.spawn().explain(format!("{} cannot be run", program.file.display()))?;
        let mut environment = Self { api, process, log: log.to_owned(), asked: 0 };
        environment.ready().await?;
        Ok((environment, started.elapsed()))
    }

    /// Waits until it asks for the next event: only then the last one is done with.
    async fn ready(&mut self) -> Result<(), Fault> {
        self.asked += 1;
        let asked = async {
            self.api.asked(self.asked).await;
            Ok(())
        };
        bounded(&mut self.process, &self.log, asked).await
    }

    /// Sends an event.
    pub(crate) async fn invoke(&mut self, event: String) -> Result<Answer, Fault> {
        let invoked = async { Ok(self.api.invoke(event, GIVEN).await) };
        let answer = bounded(&mut self.process, &self.log, invoked).await?;
        self.ready().await?;
        Ok(answer)
    }

    /// What it has used. None of it is known on systems without /proc.
    pub(crate) fn usage(&self) -> Usage {
        self.process.id().and_then(usage).unwrap_or_default()
    }

    /// Ends it as Lambda does, and waits for its end.
    pub(crate) async fn stop(mut self) -> Result<(), Fault> {
        let pid = self.process.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let Some(pid) = pid else { return Err(self.ended()) };
        kill_process(pid, Signal::TERM).explain("the function could not be ended")?;
        let end = tokio::time::timeout(LONGEST, self.process.wait()).await;
        end.explain("the function did not end")?.explain("the function did not end").map(|_| ())
    }

    fn ended(&self) -> Fault {
        ended(&self.log)
    }
}

/// `work`, unless the process ends first or it takes too long.
async fn bounded<T>(process: &mut Child, log: &Path, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    tokio::select! {
        result = tokio::time::timeout(LONGEST, work) => {
            result.map_err(|_| Fault::new(format!("the function does not answer:\n{}", read(log))))?
        }
        _ = process.wait() => Err(ended(log)),
    }
}

fn ended(log: &Path) -> Fault {
    Fault::new(format!("the function ended:\n{}", read(log)))
}

fn read(log: &Path) -> String {
    std::fs::read_to_string(log).unwrap_or_default()
}

/// Processor time of this process so far.
pub(crate) fn own_cpu() -> Duration {
    usage(std::process::id()).unwrap_or_default().cpu
}

fn usage(pid: u32) -> Option<Usage> {
    let (mut nanos, mut threads) = (0, 0);
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let times = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        nanos += times.split_whitespace().next()?.parse::<u64>().ok()?;
        threads += 1;
    }
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = peak.split_whitespace().next()?.parse().ok()?;
    Some(Usage { cpu: Duration::from_nanos(nanos), peak_rss: kilobytes * 1_024, threads })
}
