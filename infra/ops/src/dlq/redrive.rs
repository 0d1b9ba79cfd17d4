//! `ops dlq redrive`: each failed order is queued again by a conditional write, then its message is sent, and only then is
//! its dead letter deleted. So it may end anywhere: whoever runs it again goes on, and nothing is provisioned twice.

use std::collections::HashSet;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use shared::{
    domain::{status::Status, work_order::WorkOrder},
    dynamodb::DynamoDb,
    ports::{OrderName, Orders, PortError, Queue},
    sqs::Sqs,
    use_case::{Refusal, Worker, operator},
};
use uuid::Uuid;

use super::letters::{Letter, Letters};
use crate::{
    context::Context,
    fault::{Ended, Fault},
    orders::find,
    output::{Tone, plain},
};

/// Seconds that a letter is hidden for while it is worked on.
const HIDDEN: i32 = 300;

/// Which letters, and what of those that name no order.
#[derive(Args)]
pub struct Redrive {
    /// Only the letters of these orders
    #[arg(value_name = "ORDER")]
    orders: Vec<String>,
    /// Delete letters that cannot be read or that name no order; without it, they stay
    #[arg(long)]
    discard: bool,
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Its order was failed and is queued again.
    Queued,
    /// Its order was queued already; its message was sent again.
    Sent,
    /// Its order needs nothing; the letter is gone.
    Needless,
    /// It names nothing, and was deleted as asked.
    Discarded,
    /// It names nothing, and stays.
    Kept,
    /// Its order could not be dealt with; it stays.
    Troubled,
}

impl Fate {
    fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent again",
            Self::Needless => "needless",
            Self::Discarded => "discarded",
            Self::Kept => "kept",
            Self::Troubled => "troubled",
        }
    }

    fn stays(self) -> bool {
        matches!(self, Self::Kept | Self::Troubled)
    }
}

struct Report {
    letter: Letter,
    reference: Option<String>,
    fate: Fate,
    detail: String,
}

pub(super) async fn run(context: &Context, wanted: Redrive) -> Result<Ended, Fault> {
    let (by, worker) = (context.operator()?, context.worker()?);
    let mut only = HashSet::new();
    for named in &wanted.orders {
        only.insert(find(&worker.store, named).await?.uuid);
    }
    let mut queue = Letters::open(&context.connection, HIDDEN)?;
    if wanted.discard {
        context.confirm("Dead letters that name no order will be deleted.")?;
    }
    let bar = progress(queue.waiting().await?);
    let mut work =
        Work { context, worker, by, wanted: &wanted, only, done: HashSet::new(), reports: Vec::new(), passed: vec![] };
    let result = work.all(&mut queue, &bar).await;
    bar.finish_and_clear();
    // Whatever stopped it, those that stay are to be seen by the next who looks.
    let staying: Vec<Letter> =
        work.reports.iter().filter(|report| report.fate.stays()).map(|report| report.letter.clone()).collect();
    let let_go = queue.let_go(&[staying, work.passed].concat()).await;
    show(context, &work.reports);
    result?;
    let_go?;
    let left = work.reports.iter().any(|report| report.fate.stays());
    Ok(if left { Ended::Short } else { Ended::Done })
}

struct Work<'a> {
    context: &'a Context,
    worker: Worker<DynamoDb, Sqs>,
    by: String,
    wanted: &'a Redrive,
    only: HashSet<Uuid>,
    /// Orders that this run has sent a message for.
    done: HashSet<Uuid>,
    reports: Vec<Report>,
    /// Letters of other orders than those that were asked for.
    passed: Vec<Letter>,
}

impl Work<'_> {
    async fn all(&mut self, queue: &mut Letters, bar: &ProgressBar) -> Result<(), Fault> {
        loop {
            let letters = queue.next().await?;
            if letters.is_empty() {
                return Ok(());
            }
            for letter in letters {
                bar.inc(1);
                if !self.only.is_empty() && !letter.name.is_some_and(|name| self.only.contains(&name.order)) {
                    self.passed.push(letter);
                    continue;
                }
                let dealt = match letter.name {
                    None => Ok((None, self.unnamed(), "it cannot be read".to_owned())),
                    Some(name) => self.order(name).await,
                };
                let deleted = match &dealt {
                    Ok((_, fate, _)) if !fate.stays() => queue.delete(&letter).await.map_err(Fault::from),
                    _ => Ok(()),
                };
                let (reference, fate, detail) = match deleted.and(dealt) {
                    Ok(dealt) => dealt,
                    Err(fault) => {
                        self.passed.push(letter);
                        return Err(fault);
                    }
                };
                self.reports.push(Report { letter, reference, fate, detail });
            }
        }
    }

    fn unnamed(&self) -> Fate {
        if self.wanted.discard { Fate::Discarded } else { Fate::Kept }
    }

    /// Deals with the order of a letter, which then may be deleted or stays.
    async fn order(&mut self, name: OrderName) -> Result<(Option<String>, Fate, String), Fault> {
        let order = match self.worker.store.order(name.order).await {
            Ok(Some(order)) => order,
            Ok(None) => return Ok((None, self.unnamed(), format!("there is no order {}", name.order))),
            // One order that cannot be read must not keep the others from being redriven.
            Err(PortError::Corrupt(cause)) => return Ok((None, Fate::Troubled, cause)),
            Err(cause) => return Err(cause.into()),
        };
        let reference = Some(order.reference().to_string());
        let (fate, detail) = self.decide(order, name).await?;
        Ok((reference, fate, detail))
    }

    async fn decide(&mut self, order: WorkOrder, name: OrderName) -> Result<(Fate, String), Fault> {
        let mut status = order.status();
        if status == Status::Failed {
            match operator::retry(&self.worker, &self.by, order).await {
                Ok(recorded) => {
                    self.done.insert(name.order);
                    return Ok(match recorded.send_failed {
                        None => (Fate::Queued, String::new()),
                        // Queued it is; the next run sends it and deletes the letter, if the sweep is not faster.
                        Some(cause) => (Fate::Troubled, self.context.connection.sentence(&cause)),
                    });
                }
                // Somebody else was faster: as the order is now.
                Err(Refusal::WrongState(now)) => status = now,
                Err(refusal) => return Err(refusal.into()),
            }
        }
        if matches!(status, Status::Queued | Status::Provisioning) && self.done.insert(name.order) {
            self.worker.queue.send(name).await?;
            return Ok((Fate::Sent, format!("it was {status} already")));
        }
        Ok((Fate::Needless, format!("it is {status}")))
    }
}

fn progress(length: u64) -> ProgressBar {
    // Hidden unless the standard error is a terminal.
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of about {len} dead letters, {elapsed}") {
        bar.set_style(style);
    }
    bar
}

fn show(context: &Context, reports: &[Report]) {
    let count = |fate: Fate| reports.iter().filter(|report| report.fate == fate).count();
    let fates = [Fate::Queued, Fate::Sent, Fate::Needless, Fate::Discarded, Fate::Kept, Fate::Troubled];
    if context.out.json {
        let letters: Vec<Value> = reports
            .iter()
            .map(|report| {
                json!({
                    "message_id": report.letter.id,
                    "order": report.letter.name.map(|name| name.order),
                    "reference": report.reference,
                    "fate": report.fate.as_str().replace(' ', "_"),
                    "detail": report.detail,
                })
            })
            .collect();
        let counts: serde_json::Map<String, Value> =
            fates.iter().map(|fate| (fate.as_str().replace(' ', "_"), json!(count(*fate)))).collect();
        context.out.value(&json!({ "letters": letters, "counts": counts }));
        return;
    }
    if reports.is_empty() {
        context.out.line("There are no such dead letters.");
        return;
    }
    let rows = reports.iter().map(|report| {
        let tone = if report.fate.stays() { Tone::Bad } else { Tone::Plain };
        vec![
            plain(report.reference.as_deref().unwrap_or("-")),
            (report.fate.as_str().to_owned(), tone),
            plain(&report.detail),
        ]
    });
    context.out.table(&["ORDER", "LETTER", ""], rows.collect());
    let told: Vec<String> = fates
        .iter()
        .filter(|fate| count(**fate) > 0)
        .map(|fate| format!("{} {}", count(*fate), fate.as_str()))
        .collect();
    context.out.line(format!("{}.", told.join(", ")));
}
