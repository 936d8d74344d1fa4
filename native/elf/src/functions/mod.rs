//! Addresses → the functions that hold them, by symbol tables, FDEs and PLT entries.
//!
//! Takes a file and sorted addresses, gives names and ranges. May use `file`, `rows`, `cfi` and `code`.

pub(crate) mod function_ranges;
pub(crate) mod functions_at;
pub(crate) mod plt_names;
pub(crate) mod symbols_at;
