//! Actions on work orders: create, complete, read, list, and the one way to change a stored order.

pub mod command;
pub mod complete_order;
pub mod create_work_order;
pub mod find_order;
pub mod get_work_order;
pub mod list_orders;
pub mod new_order;
pub mod update_order;
