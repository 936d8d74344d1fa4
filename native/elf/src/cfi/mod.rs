//! Call frame information (.eh_frame, .debug_frame) → rules.
//!
//! Takes a file's sections, gives regions and their rows. May use `file` and `rows`.

pub(crate) mod cfi_program;
pub(crate) mod cfi_state;
pub(crate) mod cie;
pub(crate) mod eh_frame;
pub(crate) mod eh_pointer;
pub(crate) mod entries;
pub(crate) mod expression;
pub(crate) mod fde_rows;
