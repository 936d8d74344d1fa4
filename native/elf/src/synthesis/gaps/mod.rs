//! Code that no CFI covers, and where functions begin in it.
//!
//! Takes a file and its regions, gives gaps and starts. Uses no other room of `synthesis`.

pub(crate) mod padding;
pub(crate) mod starts;
pub(crate) mod uncovered;
