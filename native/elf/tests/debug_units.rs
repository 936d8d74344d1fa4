//! Root entries of units against gimli, and what is expensive to read.
mod elf_image;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::Command;

use bee_elf::{DebugUnits, ElfFile, FunctionNames};
use gimli::{EndianSlice, LittleEndian};
use object::{Object, ObjectSection};

const RUST: &str = "fn main() { println!(\"{}\", std::env::args().map(|it| it.len()).sum::<usize>()) }";
const C: &str = "int twice(int a) { return a * 2; } int main(void) { return twice(0); }";

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("bee-debug-units-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn compiled(&self, compiler: &str, args: &[&str]) -> Vec<u8> {
        let (file, text) = if compiler == "rustc" { ("main.rs", RUST) } else { ("main.c", C) };
        std::fs::write(self.0.join(file), text).unwrap();
        let mut command = Command::new(compiler);
        assert!(command.current_dir(&self.0).args(args).args(["-o", "program", file]).status().unwrap().success());
        std::fs::read(self.0.join("program")).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A unit as `rust? name | directory | split file`.
fn ours(data: &[u8]) -> Vec<String> {
    let elf = ElfFile::parse(data).unwrap();
    let units = DebugUnits::find(&elf);
    let mut iterator = units.iter();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let lines = iterator.by_ref().map(|unit| {
        let (name, directory, split) = (text(unit.name), text(unit.directory), unit.split_file.map(text));
        format!("{} {name} | {directory} | {}", unit.is_rust, split.unwrap_or_default())
    });
    let lines = lines.collect();
    assert!(iterator.is_whole());
    lines
}

fn gimlis(data: &[u8]) -> Vec<String> {
    let file = object::File::parse(data).unwrap();
    let load = |id: gimli::SectionId| -> Result<Cow<'_, [u8]>, object::Error> {
        file.section_by_name(id.name()).map_or(Ok(Cow::Borrowed(&[][..])), |section| section.uncompressed_data())
    };
    let sections = gimli::DwarfSections::load(load).unwrap();
    let dwarf = sections.borrow(|bytes| EndianSlice::new(bytes, LittleEndian));
    let mut headers = dwarf.units();
    let mut lines = Vec::new();
    while let Some(header) = headers.next().unwrap() {
        let unit = dwarf.unit(header).unwrap();
        let mut entries = unit.entries();
        let root = entries.next_dfs().unwrap().unwrap();
        let text = |name: gimli::DwAt| {
            let value = root.attr_value(name)?;
            dwarf.attr_string(&unit, value).ok().map(|bytes| bytes.to_string_lossy().into_owned())
        };
        let is_rust =
            root.attr_value(gimli::DW_AT_language) == Some(gimli::AttributeValue::Language(gimli::DW_LANG_Rust));
        let split = text(gimli::DW_AT_dwo_name).or_else(|| text(gimli::DW_AT_GNU_dwo_name));
        let [name, directory] = [gimli::DW_AT_name, gimli::DW_AT_comp_dir].map(|name| text(name).unwrap_or_default());
        lines.push(format!("{is_rust} {name} | {directory} | {}", split.unwrap_or_default()));
    }
    lines
}

#[test]
fn roots_are_what_gimli_reads() {
    let scratch = Scratch::new("gimli");
    let builds: [(&str, &[&str]); 8] = [
        ("rustc", &["-O", "-Cdebuginfo=1"]),
        ("rustc", &["-Cdebuginfo=2", "-Cdwarf-version=5"]),
        ("rustc", &["-O", "-Cdebuginfo=1", "-Csplit-debuginfo=unpacked"]),
        ("rustc", &["-O", "-Cdebuginfo=1", "-Csplit-debuginfo=unpacked", "-Cdwarf-version=5"]),
        ("cc", &["-g", "-gdwarf-5"]),
        ("cc", &["-g", "-gdwarf-3"]),
        ("cc", &["-g", "-gdwarf-5", "-gdwarf64"]),
        ("cc", &["-g", "-gsplit-dwarf", "-fdebug-types-section"]),
    ];
    for (compiler, args) in builds {
        let data = scratch.compiled(compiler, args);
        let expected = gimlis(&data);
        assert!(!expected.is_empty());
        assert_eq!(ours(&data), expected, "{args:?}");
    }
}

#[test]
fn names_of_functions_are_full_or_short() {
    let scratch = Scratch::new("names");
    let names = |args: &[&str]| {
        let data = scratch.compiled("rustc", args);
        let elf = ElfFile::parse(&data).unwrap();
        let units = DebugUnits::find(&elf);
        let own = units.iter().filter(|unit| Path::new(std::str::from_utf8(unit.directory).unwrap()) == scratch.0);
        let mut own: Vec<_> = own.map(|unit| units.function_names(&unit)).collect();
        own.dedup();
        own
    };
    for version in ["-Cdwarf-version=4", "-Cdwarf-version=5"] {
        assert_eq!(names(&["-O", "-Cdebuginfo=line-tables-only", version]), [FunctionNames::Short]);
        assert_eq!(names(&["-O", "-Cdebuginfo=1", version]), [FunctionNames::Full]);
        assert_eq!(names(&["-O", "-Cdebuginfo=2", version]), [FunctionNames::Full]);
        assert_eq!(names(&["-O", "-Cdebuginfo=1", "-Csplit-debuginfo=unpacked", version]), [FunctionNames::Unknown]);
    }
}

/// Each unit would search one huge table of abbreviations for a code that it does not hold.
#[test]
fn units_that_share_a_huge_table_end_early() {
    let mut abbreviations = Vec::new();
    for _ in 0..1 << 20 {
        abbreviations.extend([0x80, 0x80, 0x01, 0x11, 0, 0, 0]);
    }
    let unit = [8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8, 1];
    let info = unit.repeat(1 << 18);
    let data = elf_image::with_sections(&[(".debug_info", &info), (".debug_abbrev", &abbreviations)]);
    let elf = ElfFile::parse(&data).unwrap();
    let units = DebugUnits::find(&elf);
    let mut iterator = units.iter();
    assert_eq!(iterator.by_ref().count(), 0);
    assert!(!iterator.is_whole());
}
