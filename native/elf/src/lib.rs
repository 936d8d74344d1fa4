//! ELF files and their unwind tables, from bytes in memory: no I/O, no `unsafe`, no dependencies but for xz, zlib and instructions.
//!
//! Input may be hostile: every function returns (an error, `None` or a table with its losses counted) in time and
//! memory linear in the file's size, and never panics. All addresses are the file's own virtual addresses
//! (`p_vaddr`, what `addr2line` takes); a process address is such an address plus [`ElfFile::bias`].
#![forbid(unsafe_code)]

mod cfi;
mod code;
mod file;
mod functions;
mod rows;
mod sweep;
mod synthesis;
mod table;
mod units;

pub use code::call_sites::{begins_with_trap, can_return, ends_in_call};
pub use code::code_walk::CodeWalk;
pub use file::compressed_section::CompressedSection;
pub use file::elf_error::ElfError;
pub use file::elf_file::ElfFile;
pub use file::mini_debug::unpacked_debug_data;
pub use file::program_headers::Segment;
pub use file::supplement_link::SupplementLink;
pub use functions::function_ranges::FunctionRanges;
pub use functions::functions_at::functions_at;
pub use functions::plt_names::plt_functions;
pub use functions::symbols_at::{symbols_at, SymbolAt};
pub use rows::counts::Counts;
pub use rows::rule::{
    Rule, BX_SAME, BX_UNKNOWN, BY_CFI, BY_FRAME_POINTER, BY_PLT, BY_SIGNAL, BY_SYNTHESIZED, CALLER_INTERRUPTED, FP_CFA,
    FP_RBP, FP_SAME, FP_UNKNOWN, KNOWN_ROOT, REGISTER_COUNT, REGISTER_R10, REGISTER_R11, REGISTER_R12, REGISTER_R13,
    REGISTER_R14, REGISTER_R15, REGISTER_R8, REGISTER_R9, REGISTER_RAX, REGISTER_RBP, REGISTER_RBX, REGISTER_RCX,
    REGISTER_RDI, REGISTER_RDX, REGISTER_RSI, REGISTER_RSP, UNWIND_CFA, UNWIND_CLONE, UNWIND_DEREF, UNWIND_END,
    UNWIND_GAP, UNWIND_PLT, UNWIND_SIGNAL, UNWIND_UNSUPPORTED,
};
pub use rows::table::{Row, UnwindTable};
pub use sweep::{
    DebugSections, PackageIndex, PlannedUnit, SectionBytes, Skeleton, SplitFile, SweepPlan, SweptAddress, SweptFrame,
    UnitOutcome, UnitSweeper, Work, DEBUG_SECTION_NAMES,
};
pub use table::separate_cfi::{debug_file_paths, is_debug_file_of, linked_paths, path_by_build_id, unwind_table_of};
pub use table::unwind_table::unwind_table;
pub use units::debug_units::{DebugUnit, DebugUnits, FunctionNames, UnitIterator};
