//! The observed processes and what they have mapped.
//! Takes: the kernel's news. Gives: sorted mappings, to the BPF programs and to the walk here.
//! May use: tables, kernel, rights.

pub mod covered_text;
pub mod jit_dumps;
pub mod process_code;
pub mod processes;
pub mod space_ranges;
