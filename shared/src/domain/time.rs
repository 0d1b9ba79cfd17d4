//! Points in time as the service writes them.

use chrono::{DateTime, Datelike, Months, NaiveDateTime, SecondsFormat, Utc};

/// A point in time, UTC.
pub type Timestamp = DateTime<Utc>;

const WIRE: &str = "%Y-%m-%d %H:%M:%S";

/// `YYYY-MM-DD HH:MM:SS`, the form of every date-time in a reply.
pub fn to_wire(at: Timestamp) -> String {
    at.format(WIRE).to_string()
}

/// Reads `YYYY-MM-DD HH:MM:SS` as UTC.
pub fn from_wire(text: &str) -> Option<Timestamp> {
    NaiveDateTime::parse_from_str(text, WIRE).ok().map(|naive| naive.and_utc())
}

/// `2026-11-23T17:00:00.123Z`: fixed width, so that texts sort as times do. The form of an index's sort key. Times after
/// the year 9999, which would take a sign and another digit, are the end of that year.
pub fn to_sortable(at: Timestamp) -> String {
    const LAST: &str = "9999-12-31T23:59:59.999Z";
    if at.year() > 9999 {
        return LAST.to_owned();
    }
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// `at` and `months` calendar months: 31 January and one month is the last day of February.
pub fn add_months(at: Timestamp, months: u32) -> Timestamp {
    at.checked_add_months(Months::new(months)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_calendar_months() {
        let at = |text| from_wire(text).unwrap();
        assert_eq!(add_months(at("2026-01-31 10:00:00"), 1), at("2026-02-28 10:00:00"));
        assert_eq!(add_months(at("2026-12-01 00:00:00"), 12), at("2027-12-01 00:00:00"));
        assert_eq!(to_wire(at("2026-12-01 00:00:00")), "2026-12-01 00:00:00");
        assert_eq!(to_sortable(at("2026-12-01 00:00:00")), "2026-12-01T00:00:00.000Z");
        assert!(to_sortable(Timestamp::MAX_UTC) > to_sortable(at("2026-12-01 00:00:00")));
    }
}
