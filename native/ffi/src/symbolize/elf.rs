//! User code: one ELF file through its descriptor.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Once;

use blazesym::symbolize::source::{Elf, Source};
use blazesym::symbolize::{CodeInfo, Input, Reason, Sym, Symbolized, Symbolizer};

use super::demangle::demangle;
use super::functions::Functions;
use super::symbols::{Frame, Symbols, FLAG_DEBUG_INFO, FLAG_INLINED};
use super::{vdso, Answer, Problem};
use crate::objects::Object;

/// The symbolizer returns owned strings; this many addresses at a time bound them. Its parsed units are kept between
/// batches of one file.
const BATCH: usize = 1024;

/// Debug information first; what it cannot say, or when it is broken, the symbol tables.
pub fn resolve(id: u32, object: &Object, addresses: &[u64]) -> Answer {
    let resolved = match (object.is_vdso, &object.file) {
        (true, _) => vdso::open_image().and_then(|image| resolve_file(&descriptor_path(&image), addresses)),
        (false, Some(file)) => resolve_file(&readable_path(&object.path, file), addresses),
        (false, None) => Err("The file could not be opened.".to_string()),
    };
    let (symbols, message) = match resolved {
        Ok(resolved) => resolved,
        Err(message) => (Symbols::unresolved(addresses.len()), Some(message)),
    };
    let problem = message.map(|message| Problem { object: id, path: object.path.clone(), message });
    Answer { symbols, problem }
}

/// The mapped file itself, whatever its path means by now. Except where a package of split debug information lies
/// beside the path and the path is still this file: the reader looks for `<path>.dwp` and nowhere else.
fn readable_path(path: &str, file: &OwnedFd) -> String {
    let identity = |metadata: std::io::Result<Metadata>| metadata.map(|it| (it.dev(), it.ino())).ok();
    let opened = descriptor_path(file);
    let is_packaged = std::fs::metadata(format!("{path}.dwp")).is_ok_and(|it| it.is_file());
    let is_same = is_packaged && identity(std::fs::metadata(path)) == identity(std::fs::metadata(&opened));
    if is_same {
        path.to_string()
    } else {
        opened
    }
}

fn descriptor_path(file: &impl AsRawFd) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

type Resolved = Result<(Symbols, Option<String>), String>;

fn resolve_file(path: &str, addresses: &[u64]) -> Resolved {
    match resolve_with(path, addresses, true) {
        Ok(pass) => fill_gaps(path, addresses, pass),
        Err(message) => {
            let pass = resolve_with(path, addresses, false).map_err(|_| message.clone())?;
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
fn fill_gaps(path: &str, addresses: &[u64], pass: Pass) -> Resolved {
    if pass.failed.is_empty() {
        return Ok((pass.symbols, None));
    }
    let message = format!("Debug information of {} addresses is unreadable.", pass.failed.len());
    let again: Vec<u64> = pass.failed.iter().map(|&index| addresses[index]).collect();
    let Ok(second) = resolve_with(path, &again, false) else { return Ok((pass.symbols, Some(message))) };
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
fn resolve_with(path: &str, addresses: &[u64], use_debug_info: bool) -> Result<Pass, String> {
    static SILENCE: Once = Once::new();
    SILENCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let attempt = catch_unwind(AssertUnwindSafe(|| run_symbolizer(path, addresses, use_debug_info)));
    attempt.unwrap_or_else(|_| Err("The file is malformed in a way that its reader does not survive.".to_string()))
}

fn run_symbolizer(path: &str, addresses: &[u64], use_debug_info: bool) -> Result<Pass, String> {
    let symbolizer = Symbolizer::builder()
        .enable_auto_reload(false)
        .enable_code_info(use_debug_info)
        .enable_inlined_fns(use_debug_info)
        .enable_demangling(false)
        .build();
    let mut elf = Elf::new(path);
    elf.debug_syms = use_debug_info;
    let source = Source::Elf(elf);
    let mut collector = Collector::new(Functions::of_file(path.to_string()));
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
}

impl Collector {
    fn new(functions: Functions) -> Collector {
        Collector { symbols: Symbols::default(), failed: Vec::new(), demangled: HashMap::new(), functions }
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
        has_end || self.functions.are_together(symbol.addr, address)
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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::ops::Range;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use bee_elf::{ElfFile, FunctionRanges};
    use object::{Object as _, ObjectSymbol};

    use super::*;
    use crate::symbolize::symbols::FLAG_UNNAMED;

    /// `sizeless` has no end and no other symbol follows; the function behind it and the one behind a gap have CFI.
    const SIZELESS: &str = ".globl sizeless\nsizeless: .cfi_startproc\nnop\nret\n.cfi_endproc\n.zero 14, 0x90
        .cfi_startproc\nnop\nnop\nret\n.cfi_endproc\n.zero 13, 0x90\n";

    const HIDDEN: &str = "static __attribute__((noinline)) int hidden(int a) { return a * a * 7 + 1; }
        int shown(int a) { return hidden(a) + 1; }\n";

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let path = std::env::temp_dir().join(format!("bee-elf-test-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Scratch(path)
        }

        fn compiled(&self, name: &str, source: &str, args: &[&str]) -> PathBuf {
            let (source_path, path) = (self.0.join(name), self.0.join("code.so"));
            std::fs::write(&source_path, source).unwrap();
            let mut compiler = Command::new("cc");
            compiler.args(["-shared", "-fPIC", "-o"]).arg(&path).args(args).arg(&source_path);
            assert!(compiler.status().unwrap().success());
            path
        }

        /// Also without the build id, through which the symbols of an installed debug file would be found.
        fn stripped(&self, original: &Path) -> PathBuf {
            let copy = self.0.join("stripped");
            let mut strip = Command::new("strip");
            strip.args(["-R", ".note.gnu.build-id", "-R", ".gnu_debuglink", "-o"]).args([&copy, original]);
            assert!(strip.status().unwrap().success());
            copy
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn symbol(path: &Path, name: &str) -> Range<u64> {
        let bytes = std::fs::read(path).unwrap();
        let file = object::File::parse(&bytes[..]).unwrap();
        let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name)).unwrap();
        symbol.address()..symbol.address() + symbol.size()
    }

    /// `name`, `+0xstart` of an unnamed function, or nothing.
    fn names(path: &Path, addresses: &[u64]) -> Vec<String> {
        let file = Some(File::open(path).unwrap().into());
        let object = Object { path: path.display().to_string(), build_id: Vec::new(), is_vdso: false, file };
        let answer = resolve(1, &object, addresses);
        assert!(answer.problem.is_none());
        let strings = answer.symbols.strings.in_order();
        let name = |frame: &Frame| match frame.flags & FLAG_UNNAMED {
            0 => strings[frame.name as usize].to_string(),
            _ => format!("+{:#x}", u64::from(frame.column) << 32 | u64::from(frame.line)),
        };
        (0..addresses.len()).map(|index| answer.symbols.frames_of(index).last().map(name).unwrap_or_default()).collect()
    }

    #[test]
    fn a_symbol_without_a_size_names_its_own_function_only() {
        let scratch = Scratch::new("sizeless");
        let path = scratch.compiled("code.s", SIZELESS, &["-nostdlib"]);
        let start = symbol(&path, "sizeless").start;
        let found = names(&path, &[0, 1, 2, 15, 16, 18, 19].map(|offset| start + offset));
        let hidden = format!("+{:#x}", start + 16);
        assert_eq!(found, ["sizeless", "sizeless", "", "", &hidden, &hidden, ""]);
    }

    #[test]
    fn exported_symbols_of_stripped_libraries_name_what_is_theirs_and_the_rest_is_unnamed() {
        for library in ["/lib/x86_64-linux-gnu/libgcc_s.so.1", "/lib/x86_64-linux-gnu/libc.so.6"] {
            let scratch = Scratch::new("exported");
            let path = scratch.stripped(Path::new(library));
            let bytes = std::fs::read(&path).unwrap();
            let file = object::File::parse(&bytes[..]).unwrap();
            assert_eq!(file.symbols().count(), 0);
            let exported: Vec<_> = file.dynamic_symbols().map(|it| it.address()..it.address() + it.size()).collect();
            let functions = FunctionRanges::read(&ElfFile::parse(&bytes).unwrap());
            let addresses: Vec<u64> =
                functions.as_slice().iter().flat_map(|range| [range.start, range.end - 1]).collect();
            for (&address, name) in addresses.iter().zip(names(&path, &addresses)) {
                let unnamed = format!("+{:#x}", functions.start_of(address).unwrap());
                let is_exported = exported.iter().any(|range| range.contains(&address));
                assert_eq!(name != unnamed, is_exported, "{library} {address:#x}: {name}");
                assert_ne!(name, "");
            }
        }
    }

    #[test]
    fn a_stripped_function_is_one_unnamed_frame() {
        let scratch = Scratch::new("whole");
        let path = scratch.compiled("code.c", HIDDEN, &["-O1", "-g"]);
        let hidden = symbol(&path, "hidden");
        let addresses: Vec<u64> = hidden.clone().collect();
        assert!(addresses.len() > 5);
        assert!(names(&path, &addresses).iter().all(|name| name == "hidden"));
        let unnamed = format!("+{:#x}", hidden.start);
        assert!(names(&scratch.stripped(&path), &addresses).iter().all(|name| *name == unnamed));
    }
}
