//! What the functions of the order back end have in common.
//!
//! Imports run one way: functions -> [`lambda`], [`use_case`], [`wire`] -> [`ports`] -> [`domain`];
//! [`aws`] and [`outbound`] implement the ports and are named only where a binary is wired.

pub mod aws;
pub mod domain;
pub mod lambda;
pub mod outbound;
pub mod ports;
pub mod use_case;
pub mod wire;
