//! What a check found.

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    /// To be known; nothing is wrong.
    Note,
    Wrong,
}

impl State {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Wrong => "wrong",
        }
    }
}

/// A finding of a check.
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) state: State,
    pub(super) detail: String,
}

pub(super) fn finding(check: &'static str, state: State, detail: impl Into<String>) -> Finding {
    Finding { check, state, detail: detail.into() }
}
