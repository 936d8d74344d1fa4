//! Tables of the system's files against other readers of the same call frame information.
mod gimli_rows;
mod readelf_rows;
mod synthesized_rows;
mod system_elfs;
