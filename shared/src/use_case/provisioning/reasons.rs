//! Why effects were not applied, for operators.

/// The reasons as one text of bounded length: an order has up to 99 lines.
pub(super) fn joined(failures: Vec<String>) -> Option<String> {
    const SHOWN: usize = 10;
    let more = failures.len().saturating_sub(SHOWN);
    let mut shown = failures.into_iter().take(SHOWN).collect::<Vec<_>>();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    (!shown.is_empty()).then(|| shown.join("; "))
}
