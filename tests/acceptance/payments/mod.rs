//! Payments: submitted, by token, and against a model of them.

mod by_token;
mod model;
mod submit_payment;
