//! Results: tables for people, JSON for scripts. Both go to the standard output; remarks go to the standard error.

use std::{
    borrow::Cow,
    ffi::OsStr,
    io::{IsTerminal, Write},
};

use comfy_table::{Cell, Color, ContentArrangement, Table, presets};
use serde_json::Value;
use shared::domain::{
    status::Status,
    time::{Timestamp, to_wire},
};

/// How a text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As any other.
    Plain,
    /// All is well.
    Good,
    /// Somebody is waited for.
    Waits,
    /// Something is wrong.
    Bad,
}

impl Tone {
    /// The tone of an order's state.
    pub fn of(status: Status) -> Self {
        match status {
            Status::Completed => Self::Good,
            Status::Failed | Status::PaymentFailed => Self::Bad,
            Status::Pending | Status::PendingPayment | Status::PaymentSubmitted => Self::Waits,
            Status::Queued | Status::Provisioning | Status::Canceled => Self::Plain,
        }
    }
}

/// A text in a table.
pub type Text = (String, Tone);

/// A plain text.
#[allow(clippy::needless_pass_by_value, reason = "numbers and texts alike are given as they are")]
pub fn plain(text: impl ToString) -> Text {
    (text.to_string(), Tone::Plain)
}

/// A time for a person, or `-`.
pub fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), to_wire)
}

/// Where results go.
pub struct Out {
    /// Is JSON wanted?
    pub json: bool,
    terminal: bool,
    colours: bool,
}

impl Out {
    /// To the standard output. Colours only on a terminal, and not where `NO_COLOR` is set (<https://no-color.org>).
    pub fn new(json: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let (no_color, kind) = (std::env::var_os("NO_COLOR"), std::env::var_os("TERM"));
        Self { json, terminal, colours: colours(terminal, no_color.as_deref(), kind.as_deref()) }
    }

    /// A line for people.
    pub fn line(&self, text: impl AsRef<str>) {
        write(&escape_control_chars(text.as_ref()));
    }

    /// A remark beside the result.
    pub fn remark(&self, text: impl AsRef<str>) {
        eprintln!("{}", escape_control_chars(text.as_ref()));
    }

    /// A result for scripts.
    pub fn value(&self, value: &Value) {
        write(&serde_json::to_string_pretty(value).unwrap_or_default());
    }

    /// A table for people: columns without lines, as wide as the terminal at most.
    pub fn table(&self, heads: &[&str], rows: Vec<Vec<Text>>) {
        self.lines(heads, rows).iter().for_each(|line| write(line));
    }

    fn lines(&self, heads: &[&str], rows: Vec<Vec<Text>>) -> Vec<String> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if self.terminal {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            table.force_no_tty();
        }
        if self.colours {
            table.enforce_styling();
        }
        if heads.iter().any(|head| !head.is_empty()) {
            table.set_header(heads.iter().copied());
        }
        for row in rows {
            table.add_row(row.into_iter().map(|text| self.cell(text)));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    fn cell(&self, (text, tone): Text) -> Cell {
        let cell = Cell::new(escape_control_chars(&text));
        match tone {
            _ if !self.colours => cell,
            Tone::Plain => cell,
            Tone::Good => cell.fg(Color::Green),
            Tone::Waits => cell.fg(Color::Yellow),
            Tone::Bad => cell.fg(Color::Red),
        }
    }
}

/// A text that clients may have sent, as it can be shown: what would move the cursor, begin a row of its own, colour what
/// follows or turn its direction stands there by its number, as `\u{1b}`.
pub(crate) fn escape_control_chars(text: &str) -> Cow<'_, str> {
    let turns =
        |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let harms = |c: char| c.is_control() || turns(c);
    if !text.contains(harms) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| if harms(c) { c.escape_unicode().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(shown).collect())
}

/// Are colours wanted?
fn colours(terminal: bool, no_color: Option<&OsStr>, kind: Option<&OsStr>) -> bool {
    terminal && no_color.is_none_or(OsStr::is_empty) && kind.is_none_or(|kind| kind != "dumb")
}

/// A reader who has seen enough may close the pipe.
fn write(line: &str) {
    let _closed = writeln!(std::io::stdout().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_sent_cannot_write_on_the_terminal() {
        let out = Out { json: false, terminal: true, colours: true };
        let sent = "pi_1\nfailed  \u{1b}[2J\u{9b}31m\u{202e}gpj\u{2066}\r\t";
        let lines = out.lines(&["TRANSACTION"], vec![vec![plain(sent)]]);
        assert_eq!(lines.len(), 2, "{lines:?}");
        let shown = r"pi_1\u{a}failed  \u{1b}[2J\u{9b}31m\u{202e}gpj\u{2066}\u{d}\u{9}";
        assert!(lines[1].contains(shown), "{lines:?}");
        assert_eq!(escape_control_chars("Café, 北京 ✓"), "Café, 北京 ✓");
    }

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        let (one, dumb, empty) = (Some(OsStr::new("1")), Some(OsStr::new("dumb")), Some(OsStr::new("")));
        assert!(colours(true, None, Some(OsStr::new("xterm"))) && colours(true, empty, None));
        assert!(!colours(false, None, None) && !colours(true, one, None) && !colours(true, None, dumb));
        let rows = || vec![vec![("failed".to_owned(), Tone::Bad), plain("x")], vec![plain("ok"), plain("yy")]];
        let lines = |colours| Out { json: false, terminal: false, colours }.lines(&["A", "B"], rows());
        assert_eq!(lines(false), ["A       B", "failed  x", "ok      yy"]);
        assert!(lines(true)[1].contains("\u{1b}[") && !lines(true)[2].contains('\u{1b}'), "{:?}", lines(true));
    }
}
