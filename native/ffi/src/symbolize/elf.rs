//! User code: one ELF file through its descriptor.

use std::collections::HashMap;
use std::os::fd::{AsRawFd, RawFd};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Once;

use blazesym::symbolize::source::{Elf, Source};
use blazesym::symbolize::{CodeInfo, Input, Reason, Sym, Symbolized, Symbolizer};

use super::demangle::demangle;
use super::symbols::{Frame, Symbols, FLAG_DEBUG_INFO, FLAG_INLINED};
use super::{vdso, Answer, Problem};
use crate::objects::Object;

/// The symbolizer returns owned strings; this many addresses at a time bound them. Its parsed units are kept between
/// batches of one file.
const BATCH: usize = 1024;

/// Debug information first; what it cannot say, or when it is broken, the symbol tables.
pub fn resolve(id: u32, object: &Object, addresses: &[u64]) -> Answer {
    let resolved = match (object.is_vdso, &object.file) {
        (true, _) => vdso::open_image().and_then(|image| resolve_descriptor(image.as_raw_fd(), addresses)),
        (false, Some(file)) => resolve_descriptor(file.as_raw_fd(), addresses),
        (false, None) => Err("The file could not be opened.".to_string()),
    };
    let (symbols, message) = match resolved {
        Ok(resolved) => resolved,
        Err(message) => (Symbols::unresolved(addresses.len()), Some(message)),
    };
    let problem = message.map(|message| Problem { object: id, path: object.path.clone(), message });
    Answer { symbols, problem }
}

type Resolved = Result<(Symbols, Option<String>), String>;

fn resolve_descriptor(descriptor: RawFd, addresses: &[u64]) -> Resolved {
    match resolve_with(descriptor, addresses, true) {
        Ok(pass) => fill_gaps(descriptor, addresses, pass),
        Err(message) => {
            let pass = resolve_with(descriptor, addresses, false).map_err(|_| message.clone())?;
            Ok((pass.symbols, Some(message)))
        }
    }
}

/// What one pass over a file found; `failed` are the indices of addresses on which the reader gave up.
struct Pass {
    symbols: Symbols,
    failed: Vec<usize>,
}

/// A unit that cannot be parsed costs its addresses their lines, not their names.
fn fill_gaps(descriptor: RawFd, addresses: &[u64], pass: Pass) -> Resolved {
    if pass.failed.is_empty() {
        return Ok((pass.symbols, None));
    }
    let message = format!("Debug information of {} addresses is unreadable.", pass.failed.len());
    let again: Vec<u64> = pass.failed.iter().map(|&index| addresses[index]).collect();
    let Ok(second) = resolve_with(descriptor, &again, false) else { return Ok((pass.symbols, Some(message))) };
    let mut merged = Symbols::default();
    let names = pass.symbols.strings.in_order();
    let second_names = second.symbols.strings.in_order();
    for index in 0..addresses.len() {
        let (frames, names) = match pass.failed.binary_search(&index) {
            Ok(position) => (second.symbols.frames_of(position), &second_names),
            Err(_) => (pass.symbols.frames_of(index), &names),
        };
        for frame in frames {
            let name = merged.strings.intern(names[frame.name as usize]);
            let file = merged.strings.intern(names[frame.file as usize]);
            merged.push(Frame { name, file, ..*frame });
        }
        merged.finish_address();
    }
    Ok((merged, Some(message)))
}

/// The reader unwraps here and there on malformed DWARF (blazesym 0.2.7: a line row's file index, for one). A panic
/// costs this file its debug information; it must not end the host, nor write to its terminal.
fn resolve_with(descriptor: RawFd, addresses: &[u64], use_debug_info: bool) -> Result<Pass, String> {
    static SILENCE: Once = Once::new();
    SILENCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let attempt = catch_unwind(AssertUnwindSafe(|| run_symbolizer(descriptor, addresses, use_debug_info)));
    attempt.unwrap_or_else(|_| Err("The file is malformed in a way that its reader does not survive.".to_string()))
}

fn run_symbolizer(descriptor: RawFd, addresses: &[u64], use_debug_info: bool) -> Result<Pass, String> {
    let symbolizer = Symbolizer::builder()
        .enable_auto_reload(false)
        .enable_code_info(use_debug_info)
        .enable_inlined_fns(use_debug_info)
        .enable_demangling(false)
        .build();
    let mut elf = Elf::new(format!("/proc/self/fd/{descriptor}"));
    elf.debug_syms = use_debug_info;
    let source = Source::Elf(elf);
    let mut collector = Collector::default();
    for batch in addresses.chunks(BATCH) {
        let found = symbolizer.symbolize(&source, Input::VirtOffset(batch)).map_err(|error| format!("{error:#}"))?;
        found.iter().for_each(|symbolized| collector.add(symbolized));
    }
    Ok(Pass { symbols: collector.symbols, failed: collector.failed })
}

#[derive(Default)]
struct Collector {
    symbols: Symbols,
    failed: Vec<usize>,
    /// Linkage name → demangled: demangling is most of the cost on C++, and names repeat.
    demangled: HashMap<String, u32>,
}

impl Collector {
    fn add(&mut self, symbolized: &Symbolized<'_>) {
        match symbolized {
            Symbolized::Sym(symbol) => self.add_symbol(symbol),
            Symbolized::Unknown(Reason::IgnoredError) => self.failed.push(self.symbols.ends.len()),
            Symbolized::Unknown(_) => {}
        }
        self.symbols.finish_address();
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
            Some(code) => self.symbols.strings.intern(&code.to_path().to_string_lossy()),
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
        let id = self.symbols.strings.intern(&demangle(linkage_name));
        self.demangled.insert(linkage_name.to_string(), id);
        id
    }
}
