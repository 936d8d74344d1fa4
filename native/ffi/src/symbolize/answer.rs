//! What symbolization gives back for one file, the kernel, or the code that one process has made.

use super::symbols::Symbols;

/// Symbols for the addresses in order, and what went wrong.
pub struct Answer {
    pub symbols: Symbols,
    pub problem: Option<Problem>,
    /// It depends on more files than a later run could compare.
    pub is_spread: bool,
}

impl Answer {
    pub fn new(symbols: Symbols, problem: Option<Problem>) -> Answer {
        Answer { symbols, problem, is_spread: false }
    }

    /// Of a file whose content is gone.
    pub fn replaced(addresses: &[u64]) -> Answer {
        Answer::new(Symbols::replaced_files(addresses.len()), None)
    }

    pub fn unresolved(addresses: &[u64]) -> Answer {
        Answer::new(Symbols::unresolved(addresses.len()), None)
    }
}

pub struct Problem {
    pub object: u32,
    pub path: String,
    pub message: String,
}
