//! The provisioner's own record: its lines, and what it answered to each message.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::message::{Effect, Message};

/// A line at this provisioner.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number at the service.
    pub id: u64,
    /// This provisioner's own name for it.
    pub external_id: String,
    /// User name: this provisioner prefixes the one it is given, as provisioners do that have names of their own.
    pub username: String,
    /// Password.
    pub password: Option<String>,
    /// Does it serve?
    pub active: bool,
    /// Devices that may watch at once.
    pub connections: u32,
    /// Until when.
    pub expires_at: Option<String>,
    /// Of the message that set all this.
    pub revision: u64,
}

/// One message that was done, with the line as it then was: a line of the file.
#[derive(Clone, Serialize, Deserialize)]
pub struct Kept {
    /// The message's id.
    pub id: String,
    /// What was done.
    pub effect: Effect,
    /// The line after it.
    pub line: Line,
}

/// What became of a message.
pub enum Outcome {
    /// Done, now or before: what to say about the line.
    Done(Line),
    /// A later message about the line was done before: nothing was changed.
    Overtaken,
    /// There is no such line.
    NoLine,
}

/// The ledger cannot be kept.
#[derive(Debug)]
pub struct LedgerFault(String);

impl std::fmt::Display for LedgerFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LedgerFault {}

/// The ledger, in memory and, if it has a file, there first.
#[derive(Default)]
pub struct Ledger {
    lines: BTreeMap<u64, Line>,
    done: BTreeMap<String, Kept>,
    file: Option<File>,
}

impl Ledger {
    /// A ledger in memory.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// The ledger in `path`, made if there is none: JSON lines, only ever added to.
    pub fn open(path: &Path) -> Result<Self, LedgerFault> {
        let refuse = |cause: std::io::Error| LedgerFault(format!("the ledger {} fails: {cause}", path.display()));
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(refuse)?;
        let mut ledger = Self::default();
        let mut whole = 0;
        let mut reader = BufReader::new(&file);
        let mut text = Vec::new();
        loop {
            text.clear();
            let read = reader.read_until(b'\n', &mut text).map_err(refuse)?;
            // The last line of a run that was cut off: its message was not answered, and comes again.
            if read == 0 || text.last() != Some(&b'\n') {
                break;
            }
            let kept: Kept = serde_json::from_slice(&text)
                .map_err(|_| LedgerFault(format!("the ledger {} cannot be read", path.display())))?;
            ledger.remember(kept);
            whole += read as u64;
        }
        file.set_len(whole).map_err(refuse)?;
        ledger.file = Some(file);
        Ok(ledger)
    }

    /// Lines by their numbers.
    pub fn lines(&self) -> &BTreeMap<u64, Line> {
        &self.lines
    }

    /// What was done, by the messages' ids.
    pub fn done(&self) -> &BTreeMap<String, Kept> {
        &self.done
    }

    /// Does what a message says, once.
    pub fn carry_out(&mut self, message: Message) -> Result<Outcome, LedgerFault> {
        if let Some(kept) = self.done.get(&message.id) {
            // As it was answered the first time, for that answer may have been lost.
            return Ok(Outcome::Done(kept.line.clone()));
        }
        let known = self.lines.get(&message.line.id);
        if known.is_some_and(|line| line.revision >= message.line.revision) {
            return Ok(Outcome::Overtaken);
        }
        let line = match (known, message.effect) {
            (Some(line), _) => line.clone(),
            (None, Effect::Suspend) => return Ok(Outcome::NoLine),
            // A line that is renewed and was never made here was there before this program was.
            (None, _) => Line {
                id: message.line.id,
                external_id: format!("panel-{}", message.line.id),
                username: format!("tv-{}", message.line.username.as_deref().unwrap_or("line")),
                password: message.line.password,
                active: true,
                connections: 0,
                expires_at: None,
                revision: 0,
            },
        };
        // Set, never added to.
        let line = Line {
            active: message.line.status == "active",
            connections: message.line.connections,
            expires_at: message.expires_at,
            revision: message.line.revision,
            ..line
        };
        let kept = Kept { id: message.id, effect: message.effect, line };
        self.write(&kept)?;
        let line = kept.line.clone();
        self.remember(kept);
        Ok(Outcome::Done(line))
    }

    fn remember(&mut self, kept: Kept) {
        self.lines.insert(kept.line.id, kept.line.clone());
        self.done.insert(kept.id.clone(), kept);
    }

    /// Before the answer, and safe from a crash: an effect that was answered must not be forgotten.
    fn write(&mut self, kept: &Kept) -> Result<(), LedgerFault> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let refuse = |cause: std::io::Error| LedgerFault(format!("the ledger cannot be written: {cause}"));
        let mut line = serde_json::to_vec(kept).map_err(|cause| LedgerFault(cause.to_string()))?;
        line.push(b'\n');
        file.write_all(&line).map_err(refuse)?;
        file.sync_data().map_err(refuse)
    }
}
