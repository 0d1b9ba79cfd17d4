//! JSON logs on standard output, one line an event. What goes in is chosen field by field: ids, codes, outcomes, times.
//! Never an e-mail address, phone number, postal address, name, token, key, password or raw body.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer, filter::Targets, fmt, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

/// Events of these crates and of [`shared`](crate) from `info`; of libraries only warnings, whose texts are not chosen field
/// by field.
pub fn filter<'a>(packages: impl IntoIterator<Item = &'a str>) -> Targets {
    let own = ["shared"].into_iter().chain(packages);
    Targets::new().with_default(LevelFilter::WARN).with_targets(own.map(|target| (target, LevelFilter::INFO)))
}

/// The layer that writes JSON.
pub fn json_layer<S>() -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false).with_target(false)
}

/// Sets up logs and metrics of the function in the crate `package`. Done once; a second time changes nothing.
pub fn init(package: &str) {
    let _already = tracing_subscriber::registry().with(json_layer().with_filter(filter([package]))).try_init();
    super::metrics::enable();
}
