//! Where symbols come from: ELF files, the vdso, the kernel, perf maps, jit dumps.
//!
//! Takes addresses of one source, gives their symbols. May use `dwarf`, `names`, `files` and `received`.

pub mod elf;
pub mod generated;
pub mod jit_dump;
pub mod kernel;
pub mod library;
pub mod perf_map;
pub mod plt;
pub mod vdso;
