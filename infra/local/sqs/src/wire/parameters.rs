//! Parameters that several operations take.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::queue::Queue;
use crate::queues::Queues;

/// A parameter that must be there and not be empty.
pub(super) fn required<'a>(value: Option<&'a String>, name: &str) -> Result<&'a str, Error> {
    value.map(String::as_str).filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
}

pub(super) fn missing(name: &str) -> Error {
    let message = format!("The request must contain the parameter {name}.");
    Error::new(ErrorKind::MissingParameter, message)
}

/// The queue that a `QueueUrl` names.
pub(super) fn queue(queues: &Queues, url: Option<&String>) -> Result<Queue, Error> {
    queues.by_url(required(url, "QueueUrl")?)
}

/// A number of seconds; upper bounds are the queue's to check.
pub(super) fn seconds(value: Option<i64>, name: &str) -> Result<Option<Duration>, Error> {
    let in_range = |value| {
        u64::try_from(value)
            .map(Duration::from_secs)
            .map_err(|_| Error::parameter(name, value, "Must not be negative."))
    };
    value.map(in_range).transpose()
}

/// A count in `range`.
pub(super) fn count(value: i64, name: &str, range: std::ops::RangeInclusive<usize>) -> Result<usize, Error> {
    usize::try_from(value).ok().filter(|count| range.contains(count)).ok_or_else(|| {
        let reason = format!("Must be between {} and {}, if provided.", range.start(), range.end());
        Error::parameter(name, value, &reason)
    })
}
