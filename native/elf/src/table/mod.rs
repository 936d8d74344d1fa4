//! The whole unwind table of a file, from its own CFI, that of its debug file, and its code.
//!
//! Takes a file and a way to open others, gives the table. May use `file`, `rows`, `cfi`, `code` and `synthesis`.

pub(crate) mod gaps;
pub(crate) mod separate_cfi;
pub(crate) mod signal_frames;
pub(crate) mod unwind_table;
