//! The observed processes and what they have mapped.
//! Takes: the kernel's news. Gives: sorted mappings, to the BPF programs and to the walk here.
//! May use: tables, kernel, rights.

pub mod comparisons;
pub mod covered_text;
pub mod jit_dumps;
pub mod mappings;
pub mod maps_file;
pub mod process;
pub mod process_code;
pub mod process_list;
pub mod processes;
pub mod publication;
pub mod resolver;
pub mod space_ranges;
pub mod table_demand;
