//! Names for the stubs through which a file calls functions of others: `foo@plt`.

use std::fs::File;

use bee_elf::{plt_functions, ElfFile};

use crate::file_memory::FileMemory;
use crate::symbolize::names::demangle::demangle;
use crate::symbolize::names::style::Style;
use crate::symbolize::symbols::{Frame, Symbols};

/// No debug information covers the stubs, and a symbol that reaches over them is not theirs.
pub fn with_stubs_named(path: &str, addresses: &[u64], symbols: Symbols, style: Style) -> Symbols {
    if style.is_like_llvm {
        return symbols;
    }
    let memory = File::open(path).and_then(|file| FileMemory::map(&file));
    let Ok(memory) = memory else { return symbols };
    let functions = ElfFile::parse(memory.bytes()).map(|elf| plt_functions(&elf, addresses)).unwrap_or_default();
    let stubs: Vec<usize> = (0..functions.len()).filter(|&index| functions[index].is_some()).collect();
    if stubs.is_empty() {
        return symbols;
    }
    let mut named = Symbols::default();
    for function in functions.into_iter().flatten() {
        let name = named.strings.intern(stub_name(function, style));
        named.push(Frame { name, file: 0, line: 0, column: 0, flags: 0 });
        named.finish_address();
    }
    symbols.replaced(&stubs, &named)
}

fn stub_name(function: &[u8], style: Style) -> String {
    let linkage_name = String::from_utf8_lossy(function);
    format!("{}@plt", demangle(&linkage_name, style, &[]))
}
