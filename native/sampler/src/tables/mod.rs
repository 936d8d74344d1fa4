//! The ELF files of a run and their unwind tables.
//! Takes: files that processes map. Gives: objects, each opened and parsed once, and rows in the memory that the BPF
//! programs read. May use: kernel, rights.

pub mod descriptors;
pub mod file;
pub mod free_ranges;
pub mod no_table;
pub mod numbered_objects;
pub mod object;
pub mod object_need;
pub mod objects;
pub mod row_cursor;
pub mod row_format;
pub mod table_memory;
pub mod table_room;
pub mod vdso;
