//! Entries → the names of functions, each built once.
//!
//! Takes entries, gives texts. May use `entries`, `scopes`, `sections` and `work`.

pub(crate) mod closures;
pub(crate) mod names;
