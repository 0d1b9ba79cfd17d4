//! Results of conditional writes.

/// The result of making something under a computed name.
#[derive(Debug)]
pub enum Insert<T> {
    /// It was made by this call (or by its own first attempt, whose answer was lost).
    Inserted,
    /// It was there: this is it.
    AlreadyExists(Box<T>),
}

/// The result of storing a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Save {
    /// Stored by this call (or by its own first attempt, whose answer was lost).
    Saved,
    /// Somebody else stored a change first; nothing was stored. Read again and decide again.
    Conflict,
}
