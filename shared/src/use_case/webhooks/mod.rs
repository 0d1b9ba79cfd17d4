//! Publication and delivery of order events.

pub mod deliver_events;
pub mod publish_events;
