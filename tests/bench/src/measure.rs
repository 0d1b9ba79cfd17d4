//! Measures a scenario: once as it is, once with AWS's time for each call, and four times under callgrind.

use std::{path::Path, time::Duration};

use serde::Serialize;
use support::runtime_api::Answer;

use crate::{
    authority::Authority,
    bootstraps::sizes,
    environment::{Environment, Program},
    events::checked,
    fault::{Explain, Fault},
    scenario::Scenario,
    world::{Counts, World},
};

/// The time of a call in the run that shows what waits for what: that of DynamoDB within a region.
const LATENCY: Duration = Duration::from_millis(5);
/// Times that a run under callgrind is made again when it made other calls than the run before, as after a timeout.
const TRIES: u32 = 5;

/// What one part of an environment's life takes.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Phase {
    /// Milliseconds by the clock; of warm invocations the median.
    pub(crate) wall_ms: f64,
    /// Milliseconds of processor time; of warm invocations the mean.
    pub(crate) cpu_ms: f64,
    /// Calls of AWS.
    pub(crate) calls: f64,
    /// Instructions by callgrind.
    pub(crate) instructions: Option<u64>,
}

/// What a scenario takes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figures {
    pub(crate) scenario: String,
    pub(crate) function: String,
    /// From the start of the process until it asks for an event.
    pub(crate) init: Phase,
    /// The first invocation.
    pub(crate) first: Phase,
    /// One of those after it, when each is like the next.
    pub(crate) warm: Phase,
    /// The quickest warm invocation where each call takes 5 ms, in milliseconds.
    pub(crate) wall_at_5_ms: f64,
    pub(crate) dynamodb_connections: u64,
    pub(crate) sqs_connections: u64,
    pub(crate) peak_rss_bytes: u64,
    /// Threads at the end.
    pub(crate) threads: u64,
    pub(crate) binary_bytes: u64,
    pub(crate) zip_bytes: u64,
    /// Calls until one invocation is like the next.
    #[serde(skip)]
    pub(crate) settling_calls: u64,
}

impl Figures {
    /// Connections to both services.
    pub(crate) fn connections(&self) -> u64 {
        self.dynamodb_connections + self.sqs_connections
    }
}

/// A scenario, what runs it, and where it runs.
#[derive(Clone, Copy)]
pub(crate) struct Measurement<'a> {
    pub(crate) scenario: Scenario,
    pub(crate) program: &'a Program,
    pub(crate) authority: &'a Authority,
    pub(crate) folder: &'a Path,
}

impl Measurement<'_> {
    /// All but the instructions.
    pub(crate) async fn figures(&self) -> Result<Figures, Fault> {
        let Scenario { name, function, settled, counted } = self.scenario;
        let world = World::start(self.authority).await?;
        let events = self.scenario.events(&world, 1 + settled + counted).await?;
        let before = world.counts();
        let (mut environment, init) = self.start(&world, self.program, "run").await?;
        let (started, at_init) = (environment.usage(), world.counts());
        let mut answers = Vec::with_capacity(events.len());
        let (mut first, mut settled_usage) = (started, started);
        let (mut after_first, mut after_settled) = (at_init, at_init);
        for (index, event) in events.into_iter().enumerate() {
            answers.push(self.invoke(&mut environment, event).await?);
            if index == 0 {
                (first, after_first) = (environment.usage(), world.counts());
            }
            if index == settled {
                (settled_usage, after_settled) = (environment.usage(), world.counts());
            }
        }
        let (end, after_all) = (environment.usage(), world.counts());
        environment.stop().await?;
        let (binary_bytes, zip_bytes) = sizes(&self.program.package)?;
        let all = after_all.since(before);
        let warm = answers.get(settled + 1..).unwrap_or_default().iter().map(|answer| answer.took).collect();
        Ok(Figures {
            scenario: name.to_owned(),
            function: function.to_owned(),
            init: phase(init, started.cpu, at_init.since(before), 1),
            first: phase(
                answers.first().map_or(Duration::ZERO, |answer| answer.took),
                first.cpu.saturating_sub(started.cpu),
                after_first.since(at_init),
                1,
            ),
            warm: phase(
                median(warm),
                end.cpu.saturating_sub(settled_usage.cpu),
                after_all.since(after_settled),
                counted,
            ),
            wall_at_5_ms: self.quickest_at_latency().await?,
            dynamodb_connections: all.dynamodb.connections,
            sqs_connections: all.sqs.connections,
            peak_rss_bytes: end.peak_rss,
            threads: end.threads,
            binary_bytes,
            zip_bytes,
            settling_calls: after_settled.since(before).calls(),
        })
    }

    /// Adds the instructions: each phase is the difference of two runs of other lengths, which needs no symbols in the binary.
    pub(crate) async fn count_instructions(&self, figures: &mut Figures) -> Result<(), Fault> {
        let Scenario { settled, counted, .. } = self.scenario;
        let (one, settled) = (figures.init.calls + figures.first.calls, 1 + settled);
        let settling = figures.settling_calls as f64;
        let init = self.instructions(0, figures.init.calls).await?;
        let first = self.instructions(1, one).await?;
        let before = self.instructions(settled, settling).await?;
        let after = self.instructions(settled + counted, settling + figures.warm.calls * float(counted)).await?;
        figures.init.instructions = Some(init);
        figures.first.instructions = Some(first.saturating_sub(init));
        let counted = u64::try_from(counted).explain("a count")?;
        figures.warm.instructions = Some(after.saturating_sub(before) / counted);
        Ok(())
    }

    async fn quickest_at_latency(&self) -> Result<f64, Fault> {
        let Scenario { settled, counted, .. } = self.scenario;
        let world = World::start(self.authority).await?;
        let events = self.scenario.events(&world, 1 + settled + counted).await?;
        world.set_latency(LATENCY);
        let (mut environment, _) = self.start(&world, self.program, "latency").await?;
        let mut quickest = Duration::MAX;
        for (index, event) in events.into_iter().enumerate() {
            let answer = self.invoke(&mut environment, event).await?;
            if index > settled {
                quickest = quickest.min(answer.took);
            }
        }
        environment.stop().await?;
        Ok(ms(quickest))
    }

    async fn start(&self, world: &World, program: &Program, run: &str) -> Result<(Environment, Duration), Fault> {
        let name = self.scenario.name.replace([' ', ','], "-");
        let log = self.folder.join(format!("{name}-{run}.log"));
        Environment::start(program, self.scenario.function, &world.variables(), &log).await
    }

    async fn invoke(&self, environment: &mut Environment, event: String) -> Result<Answer, Fault> {
        let answer = environment.invoke(event).await?;
        let wrong = |what: &str, reply: &[u8]| {
            Fault::new(format!("{} {what} {}", self.scenario.name, String::from_utf8_lossy(reply)))
        };
        match &answer.reply {
            Err(error) => Err(wrong("failed with", error)),
            Ok(reply) => {
                let reply = serde_json::from_slice(reply).map_err(|_| wrong("answered", reply))?;
                checked(self.scenario.function, &reply)?;
                Ok(answer)
            }
        }
    }

    /// The instructions of a whole run with so many invocations, which makes `calls` calls.
    async fn instructions(&self, invocations: usize, calls: f64) -> Result<u64, Fault> {
        let mut last = 0.0;
        for _ in 0..TRIES {
            let world = World::start(self.authority).await?;
            let events = self.scenario.events(&world, invocations).await?;
            let out =
                self.folder.join(format!("{}-{invocations}.callgrind", self.scenario.name.replace([' ', ','], "-")));
            let before = world.counts();
            let program = self.program.under_callgrind(&out);
            let (mut environment, _) = self.start(&world, &program, "callgrind").await?;
            for event in events {
                self.invoke(&mut environment, event).await?;
            }
            environment.stop().await?;
            let made = world.counts().since(before).calls() as f64;
            if (calls - made).abs() < 0.5 {
                return total(&out);
            }
            last = made;
        }
        let name = self.scenario.name;
        Err(Fault::new(format!(
            "{name} makes {last} calls in {invocations} invocations under callgrind, {calls} without: the machine is too busy"
        )))
    }
}

/// The instructions in a file of callgrind's.
fn total(file: &Path) -> Result<u64, Fault> {
    let text = std::fs::read_to_string(file).explain(file.display())?;
    let count = text.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
    let count = count.and_then(|count| count.trim().parse().ok());
    count.ok_or_else(|| Fault::new(format!("callgrind wrote no total to {}", file.display())))
}

fn phase(wall: Duration, cpu: Duration, counts: Counts, invocations: usize) -> Phase {
    Phase {
        wall_ms: ms(wall),
        cpu_ms: ms(cpu) / float(invocations),
        calls: counts.calls() as f64 / float(invocations),
        instructions: None,
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

fn float(count: usize) -> f64 {
    count as f64
}
