//! How letters are listed.

use serde_json::{Map, Value};

use super::dead_letter_queue::Letter;
use crate::output::{Text, plain, time};

/// What a letter names: fields for scripts, and columns for people.
pub(super) struct Shown {
    pub(super) fields: Map<String, Value>,
    pub(super) columns: Vec<Text>,
}

/// DeadLetterQueue as they are listed: the heads of the columns, and each letter.
pub(super) type Listed = (&'static [&'static str], Vec<Shown>);

pub(super) fn fields<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(super) fn sent(letter: &Letter) -> Text {
    plain(time(letter.sent_at))
}
