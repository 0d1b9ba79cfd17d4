//! What goes over the wire: requests into commands, orders into replies. Rules are checked here once, all of a request's
//! broken rules together.

pub mod fields;
pub mod json;
pub mod panelr;
pub mod query;
pub mod seed_export;
pub mod seed_file;
pub mod shoppex;
pub mod webhook;
