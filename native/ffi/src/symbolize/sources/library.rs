//! The library that reads what the sweep does not: symbol tables alone, .gnu_debugdata, debug information in other files.

use std::collections::HashMap;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Once;

use blazesym::symbolize::source::{Elf, Source};
use blazesym::symbolize::{CodeInfo, Input, Reason, Sym, Symbolized, Symbolizer};

use crate::symbolize::dwarf::functions::Functions;
use crate::symbolize::names::demangle::demangle;
use crate::symbolize::names::style::Style;
use crate::symbolize::symbols::{Frame, Symbols, FLAG_DEBUG_INFO, FLAG_INLINED};

/// The symbolizer returns owned strings; this many addresses at a time bound them. Its parsed units are kept between
/// batches of one file.
const BATCH: usize = 1024;

/// What one pass over a file found; `failed` are the indices of addresses on which the reader gave up.
struct Pass {
    symbols: Symbols,
    failed: Vec<usize>,
}

/// Symbols, and a sentence about what could not be read.
pub fn resolve(path: &str, addresses: &[u64], style: Style) -> Result<(Symbols, Option<String>), String> {
    match resolve_with(path, addresses, true, style) {
        Ok(pass) => Ok(fill_gaps(path, addresses, pass, style)),
        Err(message) => {
            let pass = resolve_with(path, addresses, false, style).map_err(|_| message.clone())?;
            Ok((pass.symbols, Some(message)))
        }
    }
}

/// A unit that cannot be parsed costs its addresses their lines, not their names.
fn fill_gaps(path: &str, addresses: &[u64], pass: Pass, style: Style) -> (Symbols, Option<String>) {
    if pass.failed.is_empty() {
        return (pass.symbols, None);
    }
    let message = format!("Debug information of {} addresses is unreadable.", pass.failed.len());
    let again: Vec<u64> = pass.failed.iter().map(|&index| addresses[index]).collect();
    match resolve_with(path, &again, false, style) {
        Ok(second) => (pass.symbols.replaced(&pass.failed, &second.symbols), Some(message)),
        Err(_) => (pass.symbols, Some(message)),
    }
}

/// The reader unwraps here and there on malformed DWARF (blazesym 0.2.7: a line row's file index, for one). A panic
/// costs this file its debug information; it must not end the host, nor write to its terminal.
fn resolve_with(path: &str, addresses: &[u64], use_debug_info: bool, style: Style) -> Result<Pass, String> {
    silence_panics();
    let attempt = catch_unwind(AssertUnwindSafe(|| run_symbolizer(path, addresses, use_debug_info, style)));
    attempt.unwrap_or_else(|_| Err("The file is malformed in a way that its reader does not survive.".to_string()))
}

/// Of this library's threads: the terminal is the host's.
pub fn silence_panics() {
    static SILENCE: Once = Once::new();
    SILENCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}

fn run_symbolizer(path: &str, addresses: &[u64], use_debug_info: bool, style: Style) -> Result<Pass, String> {
    let symbolizer = Symbolizer::builder()
        .enable_auto_reload(false)
        .enable_code_info(use_debug_info)
        .enable_inlined_fns(use_debug_info)
        .enable_demangling(false)
        .build();
    let mut elf = Elf::new(path);
    elf.debug_syms = use_debug_info;
    let source = Source::Elf(elf);
    let mut collector = Collector::new(Functions::of_file(path.to_string()), style);
    for batch in addresses.chunks(BATCH) {
        let found = symbolizer.symbolize(&source, Input::VirtOffset(batch)).map_err(|error| format!("{error:#}"))?;
        batch.iter().zip(&found).for_each(|(&address, symbolized)| collector.add(address, symbolized));
    }
    Ok(Pass { symbols: collector.symbols, failed: collector.failed })
}

struct Collector {
    symbols: Symbols,
    failed: Vec<usize>,
    /// Linkage name → demangled: demangling is most of the cost on C++, and names repeat.
    demangled: HashMap<String, u32>,
    functions: Functions,
    style: Style,
}

impl Collector {
    fn new(functions: Functions, style: Style) -> Collector {
        Collector { symbols: Symbols::default(), failed: Vec::new(), demangled: HashMap::new(), functions, style }
    }

    fn add(&mut self, address: u64, symbolized: &Symbolized<'_>) {
        match symbolized {
            Symbolized::Sym(symbol) if self.is_named_by(address, symbol) => self.add_symbol(symbol),
            Symbolized::Unknown(Reason::IgnoredError) => self.failed.push(self.symbols.ends.len()),
            Symbolized::Sym(_) | Symbolized::Unknown(_) => self.add_unnamed(address),
        }
        self.symbols.finish_address();
    }

    /// A symbol of a symbol table without a size (assembly, `_init`) reaches up to the next symbol as far as the
    /// reader knows: over the PLT, and over all functions whose symbols were stripped. One with a size is believed
    /// also across FDEs, since clone's and others' have several. Address 0 is the reader's for a function of debug
    /// information that lies in pieces.
    fn is_named_by(&self, address: u64, symbol: &Sym<'_>) -> bool {
        let has_end = symbol.size.is_some() || symbol.addr == 0;
        has_end || self.functions.reaches(symbol.addr, address)
    }

    fn add_unnamed(&mut self, address: u64) {
        if let Some(start) = self.functions.start_of(address) {
            self.symbols.push(Frame::unnamed(start));
        }
    }

    /// blazesym lists the inlined calls outermost first, and the function apart.
    fn add_symbol(&mut self, symbol: &Sym<'_>) {
        for inlined in symbol.inlined.iter().rev() {
            self.add_frame(&inlined.name, inlined.code_info.as_ref(), FLAG_INLINED);
        }
        if !symbol.name.is_empty() {
            self.add_frame(&symbol.name, symbol.code_info.as_deref(), 0);
        }
    }

    fn add_frame(&mut self, name: &str, code: Option<&CodeInfo<'_>>, flags: u32) {
        let name = self.name(name);
        let file = match code {
            Some(code) => self.symbols.strings.intern(code.to_path().to_string_lossy()),
            None => 0,
        };
        self.symbols.push(Frame {
            name,
            file,
            line: code.and_then(|code| code.line).unwrap_or(0),
            column: u32::from(code.and_then(|code| code.column).unwrap_or(0)),
            flags: flags | if code.is_some() { FLAG_DEBUG_INFO } else { 0 },
        });
    }

    fn name(&mut self, linkage_name: &str) -> u32 {
        if let Some(&id) = self.demangled.get(linkage_name) {
            return id;
        }
        let id = self.symbols.strings.intern(demangle(linkage_name, self.style, &[]));
        self.demangled.insert(linkage_name.to_string(), id);
        id
    }
}
