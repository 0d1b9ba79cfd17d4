//! A round over a queue of dead letters: each is dealt with, and only then deleted. So it may end anywhere: whoever runs it
//! again goes on.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::dead_letter_queue::{DeadLetterQueue, Letter};
use crate::{
    context::Context,
    error::{Ended, OpsError},
    output::{Tone, plain},
};

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RedriveResult {
    /// Its order was failed and is queued again.
    Queued,
    /// Its message was sent again.
    Sent,
    /// Nobody needs it; the letter is gone.
    Needless,
    /// It names nothing, and was deleted as asked.
    Discarded,
    /// It stays, for a person to look at.
    Kept,
    /// It could not be dealt with; it stays.
    Troubled,
}

impl RedriveResult {
    const ALL: [Self; 6] = [Self::Queued, Self::Sent, Self::Needless, Self::Discarded, Self::Kept, Self::Troubled];

    /// Of a letter that names nothing.
    pub(super) fn of_unnamed(discard: bool) -> Self {
        if discard { Self::Discarded } else { Self::Kept }
    }

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

/// A letter that was dealt with.
pub(super) struct Redriven {
    pub(super) fate: RedriveResult,
    pub(super) detail: String,
    /// What it names, for people.
    pub(super) about: String,
    /// What it names, for scripts.
    pub(super) fields: Map<String, Value>,
}

/// Deals with letters.
pub(super) trait Redriver {
    /// Does what a letter asks for; none if it is not among those that were asked for. The letter is deleted afterwards,
    /// unless its fate is to stay. An error ends the round.
    async fn deal(&mut self, letter: &Letter) -> Result<Option<Redriven>, OpsError>;
}

/// The letters that a round has met.
#[derive(Default)]
struct Met {
    dealt: Vec<Redriven>,
    /// Those that are to be seen again at once.
    staying: Vec<Letter>,
}

/// Goes over all letters of a queue. `head` is what letters of that queue name.
pub(super) async fn round(
    context: &Context,
    mut queue: DeadLetterQueue,
    head: &str,
    deal: &mut impl Redriver,
) -> Result<Ended, OpsError> {
    let bar = progress(queue.waiting().await?);
    let mut met = Met::default();
    let result = all(&mut queue, deal, &mut met, &bar).await;
    bar.finish_and_clear();
    // Whatever stopped it, those that stay are to be seen by the next who looks.
    let let_go = queue.let_go(&met.staying).await;
    show(context, head, &met.dealt);
    result?;
    let_go?;
    let left = met.dealt.iter().any(|dealt| dealt.fate.stays());
    Ok(if left { Ended::Short } else { Ended::Done })
}

async fn all(
    queue: &mut DeadLetterQueue,
    deal: &mut impl Redriver,
    met: &mut Met,
    bar: &ProgressBar,
) -> Result<(), OpsError> {
    loop {
        let letters = queue.next().await?;
        if letters.is_empty() {
            return Ok(());
        }
        for letter in letters {
            bar.inc(1);
            let dealt = deal.deal(&letter).await;
            let deleted = match &dealt {
                Ok(Some(dealt)) if !dealt.fate.stays() => queue.delete(&letter).await.map_err(OpsError::from),
                _ => Ok(()),
            };
            match deleted.and(dealt) {
                Ok(Some(mut dealt)) => {
                    dealt.fields.insert("message_id".to_owned(), json!(letter.id));
                    if dealt.fate.stays() {
                        met.staying.push(letter);
                    }
                    met.dealt.push(dealt);
                }
                Ok(None) => met.staying.push(letter),
                Err(error) => {
                    met.staying.push(letter);
                    return Err(error);
                }
            }
        }
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

fn show(context: &Context, head: &str, all: &[Redriven]) {
    let count = |fate: RedriveResult| all.iter().filter(|dealt| dealt.fate == fate).count();
    let name = |fate: RedriveResult| fate.as_str().replace(' ', "_");
    if context.out.json {
        let letters: Vec<Value> = all
            .iter()
            .map(|dealt| {
                let mut fields = dealt.fields.clone();
                fields.insert("fate".to_owned(), json!(name(dealt.fate)));
                fields.insert("detail".to_owned(), json!(dealt.detail));
                Value::Object(fields)
            })
            .collect();
        let counts: Map<String, Value> =
            RedriveResult::ALL.iter().map(|fate| (name(*fate), json!(count(*fate)))).collect();
        context.out.value(&json!({ "letters": letters, "counts": counts }));
        return;
    }
    if all.is_empty() {
        context.out.line("There are no such dead letters.");
        return;
    }
    let rows = all.iter().map(|dealt| {
        let tone = if dealt.fate.stays() { Tone::Bad } else { Tone::Plain };
        vec![plain(&dealt.about), (dealt.fate.as_str().to_owned(), tone), plain(&dealt.detail)]
    });
    context.out.table(&[head, "LETTER", ""], rows.collect());
    let told: Vec<String> = RedriveResult::ALL
        .iter()
        .filter(|fate| count(**fate) > 0)
        .map(|fate| format!("{} {}", count(*fate), fate.as_str()))
        .collect();
    context.out.line(format!("{}.", told.join(", ")));
}
