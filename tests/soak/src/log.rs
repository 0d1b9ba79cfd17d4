//! What clients sent and what they were told, a line of JSON each; and counters of what happened to them.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    sync::{Mutex, PoisonError, atomic::AtomicU64},
};

use serde_json::{Value, json};

/// The log. A request is in it before it is first sent.
pub(crate) struct Log {
    file: Mutex<BufWriter<File>>,
    /// Order codes that clients were told.
    references: Mutex<Vec<String>>,
    pub(crate) requests: AtomicU64,
    pub(crate) unanswered: AtomicU64,
    pub(crate) again: AtomicU64,
    pub(crate) given_up: AtomicU64,
    pub(crate) doubled: AtomicU64,
    pub(crate) duplicates: AtomicU64,
}

impl Log {
    pub(crate) fn create(path: &Path) -> std::io::Result<Self> {
        Ok(Self {
            file: Mutex::new(BufWriter::new(File::create(path)?)),
            references: Mutex::default(),
            requests: AtomicU64::default(),
            unanswered: AtomicU64::default(),
            again: AtomicU64::default(),
            given_up: AtomicU64::default(),
            doubled: AtomicU64::default(),
            duplicates: AtomicU64::default(),
        })
    }

    pub(crate) fn sent(&self, order: &str, action: &str, body: &Value) {
        self.write(&json!({ "event": "sent", "order": order, "action": action, "body": body }));
    }

    pub(crate) fn answered(&self, order: &str, action: &str, status: u16, reply: &str) {
        self.write(&json!({ "event": "answered", "order": order, "action": action, "status": status, "reply": reply }));
    }

    /// Keeps an order code for those who look an order up.
    pub(crate) fn accepted(&self, reference: String) {
        self.references.lock().unwrap_or_else(PoisonError::into_inner).push(reference);
    }

    /// One of the order codes so far.
    pub(crate) fn any_reference(&self, chance: &mut fastrand::Rng) -> Option<String> {
        let references = self.references.lock().unwrap_or_else(PoisonError::into_inner);
        // The latest are the likeliest to be under way.
        let from = references.len().saturating_sub(20);
        references
            .get(from..)
            .filter(|latest| !latest.is_empty())?
            .get(chance.usize(0..references.len() - from))
            .cloned()
    }

    pub(crate) fn flush(&self) -> std::io::Result<()> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }

    fn write(&self, line: &Value) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that cannot be written makes the check fail: then answers are missing in it.
        let _missing = writeln!(file, "{line}");
    }
}
