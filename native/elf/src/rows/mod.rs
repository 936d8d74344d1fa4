//! What an unwind table is made of: rules, rows of rules, regions of one origin, and the account of what was lost.
//!
//! Takes rules for addresses, gives rows. May use `file`.

pub(crate) mod counts;
pub(crate) mod region;
pub(crate) mod row_builder;
pub(crate) mod rule;
pub(crate) mod table;
