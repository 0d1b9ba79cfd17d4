//! Actions on work orders: create, complete, read, list, and the one way to change a stored order.

pub mod command;
pub mod complete_order;
pub mod create_work_order;
pub mod draft;
pub mod find_order;
pub mod get_work_order;
pub mod list_orders;
pub mod record;
pub mod update_order;
