//! How names are asked for: the flags of `bee_symbolize`.

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Demangling {
    /// With generic arguments and, in C++, parameters.
    #[default]
    Full,
    /// The path of the function only.
    Simple,
    /// Linkage names as they are.
    None,
}

#[derive(Clone, Copy, Default)]
pub struct Style {
    pub demangling: Demangling,
    /// The function's name from the symbol table where it has one (`work.part.0`, the alias that the linker kept), and
    /// the source file that a symbol table names for code without debug information: as llvm-symbolizer answers.
    pub prefers_symbol_table: bool,
    /// For measurements: everything through the library that is otherwise the fallback.
    pub avoids_sweep: bool,
}

const DEMANGLING_MASK: u32 = 3;
const PREFERS_SYMBOL_TABLE: u32 = 4;
const AVOIDS_SWEEP: u32 = 8;

impl Style {
    pub fn from_flags(flags: u32) -> Style {
        Style {
            demangling: match flags & DEMANGLING_MASK {
                0 => Demangling::Full,
                1 => Demangling::Simple,
                _ => Demangling::None,
            },
            prefers_symbol_table: flags & PREFERS_SYMBOL_TABLE != 0,
            avoids_sweep: flags & AVOIDS_SWEEP != 0,
        }
    }
}
