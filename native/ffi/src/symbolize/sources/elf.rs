//! User code: one ELF file through its descriptor.

use std::fs::File;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;

use bee_elf::{unpacked_debug_data, ElfFile};

use super::library;
use super::plt;
use super::vdso;
use crate::file_memory::FileMemory;
use crate::files::client_cache::ClientCache;
use crate::files::debug_file::{self, DebugFile};
use crate::files::object::{descriptor_path, Object, OpenObject};
use crate::symbolize::answer::{Answer, Problem};
use crate::symbolize::dwarf::functions::Functions;
use crate::symbolize::dwarf::sweep::{self, Program, Swept};
use crate::symbolize::names::style::Style;
use crate::symbolize::symbols::Symbols;

/// Debug information first; what it cannot say, or when it is broken, the symbol tables.
pub fn resolve(
    id: u32,
    object: &Object,
    opened: Option<&OpenObject<'_>>,
    addresses: &[u64],
    style: Style,
    debug_cache: &ClientCache,
) -> Answer {
    let resolved = match (object.is_vdso, opened) {
        (true, _) => vdso::open_image().and_then(|image| {
            let path = descriptor_path(&image);
            resolve_file(&Code { path: &path, place: &path, debug_cache }, addresses, style)
        }),
        (false, Some(opened)) => {
            let code = Code { path: &opened.path(), place: &opened.place, debug_cache };
            resolve_file(&code, addresses, style)
        }
        (false, None) => Err("The file could not be opened.".to_string()),
    };
    let Resolved { symbols, message, is_spread } = resolved.unwrap_or_else(|message| Resolved {
        symbols: Symbols::unresolved(addresses.len()),
        message: Some(message),
        is_spread: false,
    });
    let problem = message.map(|message| Problem { object: id, path: object.path.clone(), message });
    Answer { symbols, problem, is_spread }
}

/// A file as it is read, and where it lies: of a copy, where the original does.
struct Code<'a> {
    path: &'a str,
    place: &'a str,
    debug_cache: &'a ClientCache,
}

struct Resolved {
    symbols: Symbols,
    message: Option<String>,
    is_spread: bool,
}

impl From<(Symbols, Option<String>)> for Resolved {
    fn from((symbols, message): (Symbols, Option<String>)) -> Self {
        Resolved { symbols, message, is_spread: false }
    }
}

fn resolve_file(code: &Code, addresses: &[u64], style: Style) -> Result<Resolved, String> {
    let resolved = resolve_code(code, addresses, style)?;
    Ok(Resolved { symbols: plt::with_stubs_named(code.path, addresses, resolved.symbols, style), ..resolved })
}

/// The file's debug information in one sweep; a library for whatever the sweep leaves: what is malformed, and files that
/// only have a table of symbols in .gnu_debugdata.
fn resolve_code(code: &Code, addresses: &[u64], style: Style) -> Result<Resolved, String> {
    let path = code.path;
    match survived(|| sweep_file(code, addresses, style)) {
        Ok(Some(swept)) => Ok(fill_left(path, addresses, swept, style)),
        Ok(None) => library::resolve(path, addresses, style).map(Resolved::from),
        Err(message) => {
            let (symbols, other) = library::resolve(path, addresses, style)?;
            Ok((symbols, other.or(Some(message))).into())
        }
    }
}

/// The sweep checks every read; should it panic all the same, that costs a file the sweep and not the run.
fn survived<T>(sweep: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    library::silence_panics();
    catch_unwind(AssertUnwindSafe(sweep)).unwrap_or_else(|_| Err("Its debug information is malformed.".to_string()))
}

/// `None` for what only the library reads. What is no ELF file it explains.
fn sweep_file(code: &Code, addresses: &[u64], style: Style) -> Result<Option<Swept>, String> {
    let mapped = File::open(code.path).and_then(|file| FileMemory::map(&file));
    let (false, Ok(memory)) = (style.avoids_sweep, mapped) else { return Ok(None) };
    let Ok(elf) = ElfFile::parse(memory.bytes()) else { return Ok(None) };
    let functions = Functions::of_file(code.path.to_string());
    let place = Path::new(code.place);
    let sweep = |debug: &ElfFile<'_>, debug_path: &Path| {
        let program = Program { elf: &elf, path: place, debug, debug_path, debug_cache: code.debug_cache };
        sweep::resolve(&program, addresses, &functions, style).map(Some)
    };
    if elf.has_section(".debug_info") {
        return sweep(&elf, place);
    }
    match debug_file::open(&elf, code.place, code.debug_cache) {
        Some(DebugFile { path, memory }) => {
            ElfFile::parse(memory.bytes()).map_or(Ok(None), |debug| sweep(&debug, &path))
        }
        None if has_linked_file(&elf, code.place) => Ok(None),
        // Answers as llvm-symbolizer gives them are from one table.
        None if style.is_like_llvm && elf.has_section(".gnu_debugdata") => Ok(None),
        None => sweep_symbols(&elf, sweep),
    }
}

/// Nothing else could say more than its symbol table; .gnu_debugdata has what .dynsym has not.
fn sweep_symbols(
    elf: &ElfFile<'_>,
    sweep: impl Fn(&ElfFile<'_>, &Path) -> Result<Option<Swept>, String>,
) -> Result<Option<Swept>, String> {
    let own = Path::new("");
    if elf.has_function_symbols(false) {
        return sweep(elf, own);
    }
    let unpacked = unpacked_debug_data(elf);
    match unpacked.as_ref().and_then(|unpacked| ElfFile::parse_sections(unpacked).ok()) {
        Some(debug) => sweep(&debug, own),
        None if elf.has_function_symbols(true) => sweep(elf, own),
        None => Ok(None),
    }
}

/// Which the library looks into, whatever build it is of.
fn has_linked_file(elf: &ElfFile<'_>, path: &str) -> bool {
    debug_file::linked_paths(elf, path).iter().any(|it| it.exists())
}

fn fill_left(path: &str, addresses: &[u64], swept: Swept, style: Style) -> Resolved {
    let Swept { symbols, left, message, is_spread } = swept;
    if left.is_empty() {
        return Resolved { symbols, message, is_spread };
    }
    let again: Vec<u64> = left.iter().map(|&index| addresses[index]).collect();
    match library::resolve(path, &again, style) {
        Ok((second, other)) => {
            Resolved { symbols: symbols.replaced(&left, &second), message: message.or(other), is_spread }
        }
        Err(other) => Resolved { symbols, message: message.or(Some(other)), is_spread },
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use bee_elf::FunctionRanges;
    use object::{Object as _, ObjectSymbol};

    use super::*;
    use crate::files::object::Content;
    use crate::symbolize::symbols::{Frame, FLAG_UNNAMED};

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
        let content = Content::File(File::open(path).unwrap().into());
        let object = Object::of(path.display().to_string(), content);
        let opened = object.open().ok();
        let answer = resolve(1, &object, opened.as_ref(), addresses, Style::default(), &ClientCache::default());
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
                if name.ends_with("@plt") {
                    continue; // the linker has CFI for its stubs, and exports none of them
                }
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
