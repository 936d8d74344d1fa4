//! What one ELF file can tell of its functions: facts, of which the caller makes sentences.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bee_elf::{DebugUnit, DebugUnits, ElfFile, FunctionNames};

use super::client_cache::ClientCache;
use super::debug_file;
use super::regular_file::map;
use crate::failure::{Failure, Outcome};
use crate::json;

/// A program of a thousand crates is large; a file that names more of them is not believed.
const MAX_CRATES: usize = 20_000;
/// Between the path of a crate's root and the codegen unit, in the name of a unit.
const CODEGEN_UNIT_MARK: &[u8] = b"/@/";
/// In the name of every .dwo file that rustc writes: a skeleton unit does not tell its language.
const RUST_SPLIT_MARK: &[u8] = b".rcgu.";

#[derive(Default)]
struct Units<'data> {
    crates: BTreeMap<CrateKey<'data>, CrateUnits>,
    other_count: usize,
    is_whole: bool,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct CrateKey<'data> {
    directory: &'data [u8],
    /// The crate's root as the compiler was given it; empty for a skeleton, which has no name.
    source: &'data [u8],
    is_split: bool,
}

struct CrateUnits {
    count: usize,
    names: FunctionNames,
}

/// JSON, as lib.rs describes it.
pub fn read(path: &str, cache: &ClientCache) -> Outcome<String> {
    let memory = map(path)?;
    let elf = ElfFile::parse(memory.bytes())
        .map_err(|error| Failure::new(libc::ENOEXEC, format!("Cannot read {path}: {error}.")))?;
    let units = Units::read(&DebugUnits::find(&elf));
    let debug_file = debug_file::open(&elf, path, cache).map(|debug| debug.path);
    Ok(to_json(&elf, debug_file.as_deref(), &units))
}

/// In hex; empty for a file without one.
pub fn build_id(path: &str) -> Outcome<String> {
    let memory = map(path)?;
    let elf = ElfFile::parse_sections(memory.bytes())
        .map_err(|error| Failure::new(libc::ENOEXEC, format!("Cannot read {path}: {error}.")))?;
    Ok(elf.build_id().map_or_else(String::new, json::hex))
}

impl<'data> Units<'data> {
    fn read(debug_units: &DebugUnits<'data>) -> Units<'data> {
        let mut units = Units::default();
        let mut iterator = debug_units.iter();
        for unit in iterator.by_ref() {
            units.add(&unit, debug_units);
        }
        units.is_whole = iterator.is_whole() && units.crates.len() < MAX_CRATES;
        units
    }

    fn add(&mut self, unit: &DebugUnit<'data>, debug_units: &DebugUnits<'data>) {
        let is_split = unit.split_file.is_some();
        let is_rust = unit.is_rust || unit.split_file.is_some_and(|name| contains(name, RUST_SPLIT_MARK));
        if !is_rust {
            self.other_count += 1;
            return;
        }
        if self.crates.len() >= MAX_CRATES {
            return;
        }
        let key = CrateKey { directory: unit.directory, source: crate_root(unit.name), is_split };
        let units = self.crates.entry(key).or_insert(CrateUnits { count: 0, names: FunctionNames::Unknown });
        units.count += 1;
        // All units of a crate are compiled alike, and one may happen to describe no function.
        if units.names == FunctionNames::Unknown && !is_split {
            units.names = debug_units.function_names(unit);
        }
    }
}

fn crate_root(unit_name: &[u8]) -> &[u8] {
    let mark = unit_name.windows(CODEGEN_UNIT_MARK.len()).rposition(|window| window == CODEGEN_UNIT_MARK);
    mark.map_or(unit_name, |position| &unit_name[..position])
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn to_json(elf: &ElfFile<'_>, debug_file: Option<&Path>, units: &Units<'_>) -> String {
    let mut out = String::from("{\"buildId\":");
    json::push_string(&mut out, &json::hex(elf.build_id().unwrap_or_default()));
    out.push_str(",\"debugLink\":");
    push_text(&mut out, elf.debug_link().unwrap_or_default());
    out.push_str(",\"debugFile\":");
    push_text(&mut out, debug_file.map_or(&[], |path| path.as_os_str().as_bytes()));
    let truths = [
        ("hasSymbols", elf.has_function_symbols(false)),
        ("hasDynamicSymbols", elf.has_function_symbols(true)),
        ("hasMiniDebugInfo", elf.has_section(".gnu_debugdata")),
        ("hasDebugInfo", elf.has_section(".debug_info")),
        ("hasDebugLines", elf.has_section(".debug_line")),
        ("areUnitsWhole", units.is_whole),
    ];
    truths.iter().for_each(|(name, value)| out.push_str(&format!(",\"{name}\":{value}")));
    out.push_str(&format!(",\"otherUnitCount\":{},\"crates\":[", units.other_count));
    for (index, (key, found)) in units.crates.iter().enumerate() {
        out.push_str(if index == 0 { "{\"directory\":" } else { ",{\"directory\":" });
        push_text(&mut out, key.directory);
        out.push_str(",\"source\":");
        push_text(&mut out, key.source);
        let names = match found.names {
            FunctionNames::Unknown => "unknown",
            FunctionNames::Short => "short",
            FunctionNames::Full => "full",
        };
        let (is_split, count) = (key.is_split, found.count);
        out.push_str(&format!(",\"isSplit\":{is_split},\"unitCount\":{count},\"names\":\"{names}\"}}"));
    }
    out.push_str("]}");
    out
}

fn push_text(out: &mut String, bytes: &[u8]) {
    json::push_string(out, &String::from_utf8_lossy(bytes));
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    const SOURCE: &str = "#[inline(never)] fn work(n: u64) -> u64 { (0..n).map(std::hint::black_box).sum() }
        fn main() { println!(\"{}\", work(std::env::args().count() as u64)); }\n";

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let path = std::env::temp_dir().join(format!("bee-elf-facts-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Scratch(path)
        }

        fn compiled(&self, compiler: &str, source: (&str, &str), args: &[&str]) -> String {
            std::fs::write(self.0.join(source.0), source.1).unwrap();
            let mut command = Command::new(compiler);
            command.current_dir(&self.0).args(args).args(["-o", "program", source.0]);
            assert!(command.status().unwrap().success());
            self.0.join("program").to_str().unwrap().to_string()
        }

        fn rust(&self, args: &[&str]) -> String {
            self.compiled("rustc", ("main.rs", SOURCE), args)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// The crates that are not of the standard library: source, split, names.
    fn own_crates(path: &str) -> Vec<String> {
        let memory = map(path).unwrap();
        let elf = ElfFile::parse(memory.bytes()).unwrap();
        let units = Units::read(&DebugUnits::find(&elf));
        assert!(units.is_whole);
        let is_own = |directory: &[u8]| !directory.starts_with(b"/rustc/") && !directory.starts_with(b"/rust/deps/");
        let own = units.crates.iter().filter(|(key, _)| is_own(key.directory));
        own.map(|(key, found)| {
            let source = String::from_utf8_lossy(key.source);
            format!("{source} {:?}{}", found.names, if key.is_split { " split" } else { "" })
        })
        .collect()
    }

    #[test]
    fn the_debuginfo_level_of_the_crate_and_not_of_std() {
        let scratch = Scratch::new("levels");
        let of = |args: &[&str]| own_crates(&scratch.rust(args));
        assert_eq!(of(&["-O", "-Cdebuginfo=0"]), [""; 0]);
        assert_eq!(of(&["-O", "-Cdebuginfo=line-tables-only"]), ["main.rs Short"]);
        assert_eq!(of(&["-O", "-Cdebuginfo=1"]), ["main.rs Full"]);
        assert_eq!(of(&["-O", "-Cdebuginfo=1", "-Cdwarf-version=5"]), ["main.rs Full"]);
        assert_eq!(of(&["-Cdebuginfo=2"]), ["main.rs Full"]);
        assert_eq!(of(&["-O", "-Cdebuginfo=1", "-Cstrip=debuginfo"]), [""; 0]);
        assert_eq!(of(&["-O", "-Cdebuginfo=line-tables-only", "-Clto=fat"]), ["main.rs Short"]);
    }

    #[test]
    fn split_debug_information() {
        let scratch = Scratch::new("split");
        for kind in ["-Csplit-debuginfo=unpacked", "-Csplit-debuginfo=packed"] {
            for version in ["-Cdwarf-version=4", "-Cdwarf-version=5"] {
                let path = scratch.rust(&["-O", "-Cdebuginfo=1", kind, version]);
                assert_eq!(own_crates(&path), [" Unknown split"]);
            }
        }
    }

    #[test]
    fn c_code_is_no_crate() {
        let scratch = Scratch::new("c");
        let source = ("main.c", "int main(void) { return 0; }\n");
        for args in [["-O", "-g"], ["-g", "-gsplit-dwarf"], ["-O", "-gdwarf-4"]] {
            let path = scratch.compiled("cc", source, &args);
            assert_eq!(own_crates(&path), [""; 0]);
            assert!(!read(&path, &ClientCache::default()).unwrap().contains("\"otherUnitCount\":0"));
        }
    }

    #[test]
    fn compressed_units_are_unknown_and_not_absent() {
        let scratch = Scratch::new("compressed");
        let path = scratch.compiled("cc", ("main.c", "int main(void) { return 0; }\n"), &["-g", "-gz=zlib"]);
        let facts = read(&path, &ClientCache::default()).unwrap();
        assert!(facts.contains("\"hasDebugInfo\":true") && facts.contains("\"areUnitsWhole\":false"), "{facts}");
    }

    #[test]
    fn symbol_tables_links_and_build_ids() {
        let scratch = Scratch::new("symbols");
        let path = scratch.rust(&["-O"]);
        let readelf = String::from_utf8(Command::new("readelf").args(["-n", &path]).output().unwrap().stdout).unwrap();
        let facts = read(&path, &ClientCache::default()).unwrap();
        assert!(facts.contains("\"hasSymbols\":true") && facts.contains("\"debugLink\":\"\""));
        let build_id = readelf.split("Build ID: ").nth(1).map_or("", |rest| rest.split_whitespace().next().unwrap());
        assert!(facts.contains(&format!("\"buildId\":\"{build_id}\"")));
        let commands: [&[&str]; 2] =
            [&["--only-keep-debug", &path, "x.debug"], &["-S", "--add-gnu-debuglink=x.debug", &path]];
        for args in commands {
            assert!(Command::new("objcopy").current_dir(&scratch.0).args(args).status().unwrap().success());
        }
        assert!(read(&path, &ClientCache::default()).unwrap().contains("\"debugLink\":\"x.debug\""));
        assert!(Command::new("strip").arg(&path).status().unwrap().success());
        assert!(read(&path, &ClientCache::default()).unwrap().contains("\"hasSymbols\":false"));
    }

    #[test]
    fn what_is_no_elf_file_is_refused_by_name() {
        let scratch = Scratch::new("refused");
        let text = scratch.0.join("text");
        std::fs::write(&text, "#!/bin/sh\n").unwrap();
        for path in [text.to_str().unwrap(), "/nonexistent", "/dev/null", scratch.0.to_str().unwrap()] {
            let failure = read(path, &ClientCache::default()).unwrap_err();
            assert!(failure.code < 0 && failure.message.contains(path), "{}", failure.message);
        }
    }
}
