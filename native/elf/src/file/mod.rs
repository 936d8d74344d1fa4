//! The bytes of an ELF file → its headers, segments, sections, notes and symbols.
//!
//! Takes bytes, gives views into them. Uses no other room.

pub(crate) mod compressed_section;
pub(crate) mod elf_error;
pub(crate) mod elf_file;
pub(crate) mod file_header;
pub(crate) mod mini_debug;
pub(crate) mod notes;
pub(crate) mod program_headers;
pub(crate) mod reader;
pub(crate) mod sections;
pub(crate) mod supplement_link;
pub(crate) mod symbol_table;
