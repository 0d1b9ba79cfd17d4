//! The local service as a process that is killed and started again.

use std::{
    collections::BTreeSet,
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::Fault;

/// Where DynamoDB and SQS of the running process listen; they move with each start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    pub(crate) dynamodb: String,
    pub(crate) sqs: String,
}

pub(crate) type SharedPlaces = Arc<Mutex<Places>>;

pub(crate) struct Service {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    child: Option<Child>,
    places: SharedPlaces,
    kills: u64,
}

impl Service {
    /// Chooses a port; nothing runs yet.
    pub(crate) fn new(program: PathBuf, folder: &Path) -> Result<Self, Fault> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let places = SharedPlaces::default();
        Ok(Self { program, folder: folder.to_owned(), port, child: None, places, kills: 0 })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn places(&self) -> SharedPlaces {
        self.places.clone()
    }

    pub(crate) fn kills(&self) -> u64 {
        self.kills
    }

    /// Starts it and waits until it listens. Its log goes into `service.log`.
    pub(crate) async fn start(&mut self, seed: Option<&Path>) -> Result<(), Fault> {
        let log = OpenOptions::new().create(true).append(true).open(self.folder.join("service.log"))?;
        let mut command = Command::new(&self.program);
        command.args(["--port", &self.port.to_string(), "--log", "json", "--data"]).arg(self.folder.join("data"));
        if let Some(seed) = seed {
            command.arg("--seed").arg(seed);
        }
        command.stdout(Stdio::piped()).stderr(log.try_clone()?).kill_on_drop(true);
        let mut child = command.spawn().map_err(|cause| format!("{}: {cause}", self.program.display()))?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let mut places = Places::default();
        while places.sqs.is_empty() {
            let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await??;
            let line = line.ok_or("the local service ended at its start; see service.log")?;
            let after = |what: &str| line.strip_prefix(what).map(|place| place.trim().to_owned());
            if let Some(place) = after("DynamoDB at") {
                places.dynamodb = place;
            }
            if let Some(place) = after("SQS at") {
                places.sqs = place;
            }
        }
        *self.places.lock().unwrap_or_else(PoisonError::into_inner) = places;
        let mut log = log;
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let _lost = writeln!(log, "{line}");
            }
        });
        self.child = Some(child);
        Ok(())
    }

    /// kill -9.
    pub(crate) async fn kill(&mut self) -> Result<(), Fault> {
        if let Some(mut child) = self.child.take() {
            child.start_kill()?;
            child.wait().await?;
            self.kills += 1;
        }
        Ok(())
    }

    /// Deliveries of orders to the consumer, as far as it lived to log them.
    pub(crate) fn deliveries(&self) -> Result<usize, Fault> {
        Ok(self.provisioned()?.len())
    }

    /// How many orders were delivered.
    pub(crate) fn delivered(&self) -> Result<usize, Fault> {
        Ok(self.provisioned()?.into_iter().collect::<BTreeSet<_>>().len())
    }

    fn provisioned(&self) -> Result<Vec<String>, Fault> {
        let log = std::fs::read_to_string(self.folder.join("service.log"))?;
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let orders = lines.filter(|line| line["action"] == "provision" && line["message"] == "order");
        Ok(orders.filter_map(|line| line["reference"].as_str().map(str::to_owned)).collect())
    }
}
