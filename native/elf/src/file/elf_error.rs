use std::fmt;

/// Why bytes are not an ELF file that can be profiled here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ElfError {
    /// The magic number is missing.
    NotElf,
    /// A 32-bit file.
    Not64Bit,
    /// A big-endian file.
    NotLittleEndian,
    /// A machine other than x86-64; its `e_machine`.
    WrongMachine(u16),
    /// Neither an executable nor a shared object (an object file, a core); its `e_type`.
    WrongType(u16),
    /// The named part lies beyond the end of the bytes.
    Truncated(&'static str),
    /// More rows or distinct rules than any real file has ([`crate::UnwindTable::MAX_ROWS`]).
    TooManyRows,
    /// Next to no call frame information, and more code than is looked at instead.
    TooMuchWithoutCfi,
}

impl fmt::Display for ElfError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ElfError::NotElf => write!(out, "not an ELF file"),
            ElfError::Not64Bit => write!(out, "a 32-bit ELF file"),
            ElfError::NotLittleEndian => write!(out, "a big-endian ELF file"),
            ElfError::WrongMachine(machine) => {
                write!(out, "an ELF file for machine {machine}, not x86-64 (62)")
            }
            ElfError::WrongType(kind) => {
                write!(out, "an ELF file of type {kind}, not executable (2) or shared object (3)")
            }
            ElfError::Truncated(part) => write!(out, "truncated ELF file: no {part}"),
            ElfError::TooManyRows => write!(out, "too many unwind rows"),
            ElfError::TooMuchWithoutCfi => write!(out, "too much code without call frame information"),
        }
    }
}

impl std::error::Error for ElfError {}
