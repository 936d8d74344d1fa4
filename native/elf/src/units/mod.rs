//! What the root entries of .debug_info tell of a file's units, without reading what is inside of them.
//!
//! Takes a file, gives a description of each unit. May use `file`.

pub(crate) mod debug_units;
pub(crate) mod dwarf_entry;
