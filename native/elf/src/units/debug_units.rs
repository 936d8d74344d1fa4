//! What the units of .debug_info say of themselves in their root entries; nothing below is read but the first few
//! entries of a unit that is asked for its function names.

use super::dwarf_entry::{Abbreviation, Budget, Encoding, Value};
use crate::file::elf_file::ElfFile;
use crate::file::reader::Reader;

const LANGUAGE_RUST: u64 = 0x1c;
const TAG_COMPILE_UNIT: u64 = 0x11;
const TAG_SUBPROGRAM: u64 = 0x2e;
const TAG_NAMESPACE: u64 = 0x39;
const TAG_SKELETON_UNIT: u64 = 0x4a;
/// DWARF 5 only: these two carry a signature and an offset, and are not read.
const UNIT_TYPE: u8 = 2;
const UNIT_SPLIT_TYPE: u8 = 6;
/// These two carry an id.
const UNIT_SKELETON: u8 = 4;
const UNIT_SPLIT_COMPILE: u8 = 5;
const AT_NAME: u64 = 0x03;
const AT_LANGUAGE: u64 = 0x13;
const AT_COMP_DIR: u64 = 0x1b;
/// DW_AT_linkage_name, and the name that it had before it was standardized.
const AT_LINKAGE_NAMES: [u64; 2] = [0x6e, 0x2007];
const AT_STR_OFFSETS_BASE: u64 = 0x72;
const AT_DWO_NAME: u64 = 0x76;
const AT_GNU_DWO_NAME: u64 = 0x2130;
/// Entries of a unit that may be looked at for one with a namespace or a linkage name. Rust at `debug = 1` begins
/// with a namespace, at `debug = 2` with types and statics of some function.
const MAX_ENTRIES_FOR_NAMES: usize = 256;

/// The sections that describe units, and what may still be spent on them.
pub struct DebugUnits<'data> {
    info: &'data [u8],
    abbreviations: &'data [u8],
    strings: &'data [u8],
    line_strings: &'data [u8],
    string_offsets: &'data [u8],
    is_compressed: bool,
    budget: Budget,
}

/// The root entry of a compilation or skeleton unit; texts are empty where it has none.
#[derive(Clone, Copy, Debug)]
pub struct DebugUnit<'data> {
    /// DW_AT_language is Rust. False also for a skeleton, which has no language.
    pub is_rust: bool,
    /// Rust writes the path of the crate's root, `/@/`, and the name of the codegen unit.
    pub name: &'data [u8],
    /// DW_AT_comp_dir: where the compiler was started.
    pub directory: &'data [u8],
    /// The .dwo file that holds all the rest of the unit.
    pub split_file: Option<&'data [u8]>,
    entries: Option<Entries<'data>>,
}

/// How the functions of a unit are named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FunctionNames {
    /// The unit describes no function, or it was not understood.
    Unknown,
    /// `line-tables-only`: `meth<u32>` without the path to it.
    Short,
    /// By namespaces and linkage names.
    Full,
}

/// The entries below a root.
#[derive(Clone, Copy)]
struct Entries<'data> {
    reader: Reader<'data>,
    abbreviations: &'data [u8],
    encoding: Encoding,
}

impl std::fmt::Debug for Entries<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "from {}", self.reader.position())
    }
}

impl<'data> DebugUnits<'data> {
    /// No units for a file without .debug_info.
    pub fn find(elf: &ElfFile<'data>) -> DebugUnits<'data> {
        let section = |name: &str| elf.sections.find(name);
        let bytes = |name: &str| section(name).and_then(|it| elf.sections.bytes(&it)).unwrap_or_default();
        let is_compressed = |name: &str| section(name).is_some_and(|it| it.is_compressed());
        DebugUnits {
            info: bytes(".debug_info"),
            abbreviations: bytes(".debug_abbrev"),
            strings: bytes(".debug_str"),
            line_strings: bytes(".debug_line_str"),
            string_offsets: bytes(".debug_str_offsets"),
            is_compressed: [".debug_info", ".debug_abbrev", ".debug_str"].into_iter().any(is_compressed),
            budget: Budget::new(),
        }
    }

    /// Compilation and skeleton units in the file's order, up to what cannot be read.
    pub fn iter(&self) -> UnitIterator<'_, 'data> {
        let rest = if self.is_compressed { &[] } else { self.info };
        UnitIterator { units: self, rest: Reader::new(rest), is_whole: !self.is_compressed }
    }

    /// From the first entries that name anything.
    pub fn function_names(&self, unit: &DebugUnit<'data>) -> FunctionNames {
        let Some(mut entries) = unit.entries else { return FunctionNames::Unknown };
        let mut names = FunctionNames::Unknown;
        for _ in 0..MAX_ENTRIES_FOR_NAMES {
            match entries.next_names(&self.budget) {
                Some(FunctionNames::Full) => return FunctionNames::Full,
                Some(FunctionNames::Short) => names = FunctionNames::Short,
                Some(FunctionNames::Unknown) => {}
                None => break,
            }
        }
        names
    }

    /// `None` for what is not understood, `Some(None)` for units of other kinds.
    fn read_unit(&self, unit: &'data [u8], is_64bit: bool) -> Option<Option<DebugUnit<'data>>> {
        let mut reader = Reader::new(unit);
        let Some((encoding, abbreviations)) = self.read_header(&mut reader, is_64bit)? else { return Some(None) };
        let code = reader.uleb()?;
        let abbreviation = Abbreviation::find(abbreviations, code, &self.budget)?;
        if abbreviation.tag != TAG_COMPILE_UNIT && abbreviation.tag != TAG_SKELETON_UNIT {
            return Some(None);
        }
        let mut root = Root::default();
        abbreviation.read_attributes(&mut reader, encoding, &self.budget, |name, value| root.note(name, value))?;
        let text = |value: Option<Value<'data>>| self.text(value?, root.offsets_base, encoding);
        let entries = abbreviation.has_children.then_some(Entries { reader, abbreviations, encoding });
        Some(Some(DebugUnit {
            is_rust: root.language == Some(LANGUAGE_RUST),
            name: text(root.name).unwrap_or_default(),
            directory: text(root.directory).unwrap_or_default(),
            split_file: text(root.split_file),
            entries,
        }))
    }

    /// The unit's encoding and its table of abbreviations; `Some(None)` for a type unit.
    fn read_header(&self, reader: &mut Reader<'data>, is_64bit: bool) -> Option<Option<(Encoding, &'data [u8])>> {
        let mut encoding = Encoding { version: reader.u16()?, address_bytes: 0, is_64bit };
        let table = match encoding.version {
            2..=4 => {
                let table = encoding.offset(reader)?;
                encoding.address_bytes = reader.u8()?;
                table
            }
            5 => {
                let kind = reader.u8()?;
                encoding.address_bytes = reader.u8()?;
                let table = encoding.offset(reader)?;
                match kind {
                    UNIT_TYPE | UNIT_SPLIT_TYPE => return Some(None),
                    UNIT_SKELETON | UNIT_SPLIT_COMPILE => drop(reader.u64()?),
                    _ => {}
                }
                table
            }
            _ => return None,
        };
        Some(Some((encoding, self.abbreviations.get(usize::try_from(table).ok()?..)?)))
    }

    fn text(&self, value: Value<'data>, offsets_base: Option<u64>, encoding: Encoding) -> Option<&'data [u8]> {
        let (section, offset) = match value {
            Value::String(text) => return Some(text),
            Value::StringOffset(offset) => (self.strings, offset),
            Value::LineStringOffset(offset) => (self.line_strings, offset),
            Value::StringIndex(index) => (self.strings, self.string_offset(index, offsets_base?, encoding)?),
            Value::Number(_) | Value::Other => return None,
        };
        Reader::new(section.get(usize::try_from(offset).ok()?..)?).c_string()
    }

    fn string_offset(&self, index: u64, base: u64, encoding: Encoding) -> Option<u64> {
        let bytes = if encoding.is_64bit { 8 } else { 4 };
        let position = base.checked_add(index.checked_mul(bytes)?)?;
        encoding.offset(&mut Reader::at(self.string_offsets, usize::try_from(position).ok()?))
    }
}

/// Walks over the headers of units.
pub struct UnitIterator<'a, 'data> {
    units: &'a DebugUnits<'data>,
    rest: Reader<'data>,
    is_whole: bool,
}

impl<'data> Iterator for UnitIterator<'_, 'data> {
    type Item = DebugUnit<'data>;

    /// Type and partial units are passed over.
    fn next(&mut self) -> Option<DebugUnit<'data>> {
        while !self.rest.is_empty() {
            let Some((unit, is_64bit)) = self.next_bytes() else {
                self.is_whole = false;
                return None;
            };
            match self.units.read_unit(unit, is_64bit) {
                Some(Some(unit)) => return Some(unit),
                Some(None) => {}
                None => self.is_whole = false,
            }
            if self.units.budget.is_exhausted() {
                return None;
            }
        }
        None
    }
}

impl<'data> UnitIterator<'_, 'data> {
    /// To be asked after the end. False when units were compressed, not understood, or took more than the budget.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The next unit behind its length field, and whether its offsets have 64 bits.
    fn next_bytes(&mut self) -> Option<(&'data [u8], bool)> {
        let (length, is_64bit) = match self.rest.u32()? {
            0xffff_ffff => (self.rest.u64()?, true),
            length => (u64::from(length), false),
        };
        Some((self.rest.bytes(usize::try_from(length).ok()?)?, is_64bit))
    }
}

#[derive(Default)]
struct Root<'data> {
    language: Option<u64>,
    name: Option<Value<'data>>,
    directory: Option<Value<'data>>,
    split_file: Option<Value<'data>>,
    offsets_base: Option<u64>,
}

impl<'data> Root<'data> {
    fn note(&mut self, name: u64, value: Value<'data>) {
        match (name, value) {
            (AT_LANGUAGE, Value::Number(language)) => self.language = Some(language),
            (AT_STR_OFFSETS_BASE, Value::Number(base)) => self.offsets_base = Some(base),
            (AT_NAME, value) => self.name = Some(value),
            (AT_COMP_DIR, value) => self.directory = Some(value),
            (AT_DWO_NAME | AT_GNU_DWO_NAME, value) => self.split_file = Some(value),
            _ => {}
        }
    }
}

impl<'data> Entries<'data> {
    /// What the next entry tells of names; `None` at the end of the entries.
    fn next_names(&mut self, budget: &Budget) -> Option<FunctionNames> {
        let code = self.reader.uleb()?;
        if code == 0 {
            return if self.reader.is_empty() { None } else { Some(FunctionNames::Unknown) };
        }
        let abbreviation = Abbreviation::find(self.abbreviations, code, budget)?;
        abbreviation.read_attributes(&mut self.reader, self.encoding, budget, |_, _| {})?;
        let names = match abbreviation.tag {
            TAG_NAMESPACE => FunctionNames::Full,
            TAG_SUBPROGRAM if abbreviation.declares(&AT_LINKAGE_NAMES, budget)? => FunctionNames::Full,
            TAG_SUBPROGRAM => FunctionNames::Short,
            _ => FunctionNames::Unknown,
        };
        Some(names)
    }
}
