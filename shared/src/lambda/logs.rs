//! JSON logs on standard output, one line an event. What goes in is chosen field by field: ids, codes, outcomes, times.
//! Never an e-mail address, phone number, postal address, name, token, key, password or raw body.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer, filter::Targets, fmt, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

/// The service's own events from `info`; of libraries only warnings, whose texts are not chosen field by field.
pub fn filter() -> Targets {
    const OWN: [&str; 8] = [
        "shared",
        "provision",
        "sweep",
        "complete_order",
        "create_work_order",
        "publish_events",
        "deliver_events",
        "local",
    ];
    Targets::new().with_default(LevelFilter::WARN).with_targets(OWN.map(|target| (target, LevelFilter::INFO)))
}

/// The layer that writes JSON.
pub fn json_layer<S>() -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false).with_target(false)
}

/// Sets up logs and metrics of a function. Done once; a second time changes nothing.
pub fn init() {
    let _already = tracing_subscriber::registry().with(json_layer().with_filter(filter())).try_init();
    super::metrics::enable();
}
