//! Files that the target has mapped or written, and those that hold more about them.
//!
//! Takes what the sampler tells of a file, or a path; gives bytes, facts and tables. Uses no other room.

pub mod client_cache;
pub mod content_key;
pub mod debug_file;
pub mod elf_facts;
pub mod jit_dumps;
pub mod missing_debug;
pub mod object;
pub mod object_message;
pub mod object_table;
pub mod regular_file;
pub mod trusted_file;
pub mod unwind_rows;
