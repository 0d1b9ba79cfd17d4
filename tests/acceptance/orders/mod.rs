//! Orders: recorded, completed, read and listed, once.

mod catalogue;
mod complete_order;
mod create_work_order;
mod get_work_order;
mod main_job;
mod once_only;
mod one_item;
mod shoppex;
