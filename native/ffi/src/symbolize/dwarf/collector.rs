//! The answers of a sweep in the order of the addresses, with names as they are asked for.

use std::collections::HashMap;

use bee_elf::{SweptAddress, SweptFrame, SymbolAt, UnitSweeper};

use super::functions::Functions;
use crate::symbolize::names::demangle::{demangle, is_mangled, is_path_to};
use crate::symbolize::names::style::Style;
use crate::symbolize::symbols::{Frame, Symbols, FLAG_DEBUG_INFO, FLAG_INLINED};

/// Puts the threads' results in the order of the addresses, and names by the symbol table what has no debug information.
pub struct Collector<'a, 'data> {
    addresses: &'a [u64],
    functions: &'a Functions,
    style: Style,
    table: Vec<Option<SymbolAt<'data>>>,
    symbols: Symbols,
    /// Linkage name → demangled: demangling is most of the cost on C++, and names repeat.
    demangled: HashMap<&'data [u8], u32>,
    /// Plain name and symbol → whether the symbol is the function's own.
    paths: HashMap<(&'data [u8], &'data [u8]), bool>,
    /// Linkage name → what rustc calls the closures in it.
    closures: HashMap<&'data [u8], &'a [&'data [u8]]>,
}

impl<'a, 'data> Collector<'a, 'data> {
    pub fn new(
        table: Vec<Option<SymbolAt<'data>>>,
        addresses: &'a [u64],
        functions: &'a Functions,
        style: Style,
    ) -> Collector<'a, 'data> {
        Collector {
            addresses,
            functions,
            style,
            table,
            symbols: Symbols::default(),
            demangled: HashMap::new(),
            paths: HashMap::new(),
            closures: HashMap::new(),
        }
    }

    /// Addresses at the indices `left`, ascending, get no frames.
    pub fn collect(mut self, sweepers: &'a [UnitSweeper<'_, 'data>], left: &[usize]) -> Symbols {
        let name_count = sweepers.iter().map(|sweeper| sweeper.names().len()).sum();
        self.demangled.reserve(name_count);
        self.symbols.strings.reserve(name_count);
        sweepers.iter().for_each(|sweeper| self.note_closures(sweeper));
        let texts: Vec<SweeperTexts<'a, 'data>> = sweepers.iter().map(|sweeper| self.intern_texts(sweeper)).collect();
        let mut found: Vec<Option<(usize, &SweptAddress)>> = vec![None; self.addresses.len()];
        for (number, sweeper) in sweepers.iter().enumerate() {
            sweeper.addresses().iter().for_each(|address| found[address.index as usize] = Some((number, address)));
        }
        for (index, found) in found.iter().enumerate() {
            let frames = found.map(|(number, address)| (&texts[number], sweepers[number].frames(address)));
            match frames {
                _ if left.binary_search(&index).is_ok() => {}
                Some((texts, frames)) if !frames.is_empty() => self.push_swept(index, texts, frames),
                _ => self.push_from_table(index),
            }
            self.symbols.finish_address();
        }
        self.symbols
    }

    /// The longest list, as within a sweeper: whichever thread came first, the names are the same.
    fn note_closures(&mut self, sweeper: &'a UnitSweeper<'_, 'data>) {
        for (name, closures) in sweeper.closures() {
            let known = self.closures.entry(name).or_default();
            if closures.len() > known.len() {
                *known = closures;
            }
        }
    }

    fn intern_texts(&mut self, sweeper: &'a UnitSweeper<'_, 'data>) -> SweeperTexts<'a, 'data> {
        let names = sweeper.names().iter().map(|name| self.name(name)).collect();
        let strings = &mut self.symbols.strings;
        let files = sweeper.files().into_iter().map(|path| strings.intern(String::from_utf8_lossy(path))).collect();
        SweeperTexts { raw_names: sweeper.names(), names, files }
    }

    fn push_swept(&mut self, index: usize, texts: &SweeperTexts<'a, 'data>, frames: &[SweptFrame]) {
        let last = frames.len() - 1;
        for (position, frame) in frames.iter().enumerate() {
            let name = match position == last {
                true => self.outermost_name(index, texts, frame),
                false => texts.names[frame.name as usize],
            };
            let file = match position == last {
                true => self.outermost_file(index, texts, frame),
                false => texts.files[frame.file as usize],
            };
            let inlined = if frame.is_inlined { FLAG_INLINED } else { 0 };
            let debug_info = if frame.file != 0 { FLAG_DEBUG_INFO } else { 0 };
            self.symbols.push(Frame {
                name,
                file,
                line: frame.line,
                column: frame.column,
                flags: inlined | debug_info,
            });
        }
    }

    fn outermost_name(&mut self, index: usize, texts: &SweeperTexts<'a, 'data>, frame: &SweptFrame) -> u32 {
        let number = frame.name as usize;
        let own = texts.names[number];
        match self.believed_symbol(index) {
            Some(symbol) if own == 0 || self.style.is_like_llvm => self.name(symbol.name),
            Some(symbol) if self.is_path_to(symbol.name, texts.raw_names[number]) => {
                self.closures.entry(symbol.name).or_insert(&texts.raw_names[number..=number]);
                self.name(symbol.name)
            }
            _ => own,
        }
    }

    /// With line tables only, debug information has plain names, and the symbol table whole paths.
    fn is_path_to(&mut self, symbol: &'data [u8], plain: &'data [u8]) -> bool {
        !is_mangled(plain) && *self.paths.entry((plain, symbol)).or_insert_with(|| is_path_to(symbol, plain))
    }

    fn outermost_file(&mut self, index: usize, texts: &SweeperTexts<'_, '_>, frame: &SweptFrame) -> u32 {
        match self.believed_symbol(index) {
            Some(symbol) if frame.file == 0 => self.file_from_table(symbol),
            _ => texts.files[frame.file as usize],
        }
    }

    fn file_from_table(&mut self, symbol: SymbolAt<'_>) -> u32 {
        let file = if self.style.is_like_llvm { symbol.file } else { b"" };
        self.symbols.strings.intern(String::from_utf8_lossy(file))
    }

    fn push_from_table(&mut self, index: usize) {
        if let Some(symbol) = self.believed_symbol(index) {
            let (name, file) = (self.name(symbol.name), self.file_from_table(symbol));
            self.symbols.push(Frame { name, file, line: 0, column: 0, flags: 0 });
        } else if let Some(start) = self.functions.start_of(self.addresses[index]) {
            self.symbols.push(Frame::unnamed(start));
        }
    }

    /// A symbol without a size (assembly, `_init`) is believed up to the end of its own function only: else it would
    /// reach over the PLT, and over all functions whose symbols were stripped.
    fn believed_symbol(&self, index: usize) -> Option<SymbolAt<'data>> {
        let symbol = self.table[index]?;
        let has_end = symbol.size != 0 || self.style.is_like_llvm;
        (has_end || self.functions.reaches(symbol.start, self.addresses[index])).then_some(symbol)
    }

    fn name(&mut self, linkage_name: &'data [u8]) -> u32 {
        *self.demangled.entry(linkage_name).or_insert_with(|| {
            let text = String::from_utf8_lossy(linkage_name);
            let closures = self.closures.get(linkage_name).copied().unwrap_or_default();
            self.symbols.strings.intern(demangle(&text, self.style, closures))
        })
    }
}

/// A thread's names and files as the file's numbers.
struct SweeperTexts<'a, 'data> {
    /// As the debug information has them.
    raw_names: &'a [&'data [u8]],
    names: Vec<u32>,
    files: Vec<u32>,
}
