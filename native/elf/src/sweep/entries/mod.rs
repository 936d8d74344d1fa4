//! Units and their entries, read in order: headers, abbreviations, attributes and their values.
//!
//! Takes sections, gives units and entries. May use `sections` and `work`.

pub(crate) mod abbreviations;
pub(crate) mod attributes;
pub(crate) mod debug;
pub(crate) mod entry;
pub(crate) mod form;
pub(crate) mod ranges;
pub(crate) mod unit;
pub(crate) mod units;
