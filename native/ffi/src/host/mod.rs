//! The process that has loaded libbee, and the machine that it runs on: signals, the cost of a timer's tick.
//!
//! Uses no other room.

pub mod signals;
pub mod tick_cost;
