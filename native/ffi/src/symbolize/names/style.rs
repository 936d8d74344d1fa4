//! How names are asked for: the flags of `bee_symbolize`.

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Demangling {
    /// With generic arguments and, in C++, parameters; closures and coroutines of Rust in words.
    #[default]
    Full,
    /// The path of the function only.
    Simple,
    /// Linkage names as they are.
    None,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    pub demangling: Demangling,
    /// The function's name from the symbol table where it has one (`work.part.0`, the alias that the linker kept), the
    /// source file that a symbol table names for code without debug information, closures as the demangler spells them,
    /// no names for PLT stubs: as llvm-symbolizer answers.
    pub is_like_llvm: bool,
    /// For measurements: everything through the library that is otherwise the fallback.
    pub avoids_sweep: bool,
}

const DEMANGLING_MASK: u32 = 3;
const IS_LIKE_LLVM: u32 = 4;
const AVOIDS_SWEEP: u32 = 8;

impl Style {
    pub fn from_flags(flags: u32) -> Style {
        Style {
            demangling: match flags & DEMANGLING_MASK {
                0 => Demangling::Full,
                1 => Demangling::Simple,
                _ => Demangling::None,
            },
            is_like_llvm: flags & IS_LIKE_LLVM != 0,
            avoids_sweep: flags & AVOIDS_SWEEP != 0,
        }
    }
}
