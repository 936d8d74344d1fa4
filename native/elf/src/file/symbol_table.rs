use super::elf_file::{ElfFile, MAX_TABLES_READ, SYMBOL_SIZE};
use super::reader::Reader;
use super::sections::Section;

const STT_NOTYPE: u8 = 0;
const STT_OBJECT: u8 = 1;
const STT_FUNC: u8 = 2;
const STT_FILE: u8 = 4;
const STT_GNU_IFUNC: u8 = 10;
const STB_LOCAL: u8 = 0;
const SHN_UNDEF: u16 = 0;
/// From here on section numbers are no sections; SHN_XINDEX among them, which only object files have.
const SHN_LORESERVE: u16 = 0xff00;
const MAX_NAME_BYTES: usize = 1 << 18;

/// The symbols of one section, and the strings of their names.
#[derive(Clone, Copy)]
pub(crate) struct SymbolTable<'data> {
    symbols: &'data [u8],
    strings: &'data [u8],
}

impl<'data> SymbolTable<'data> {
    /// The first table of that kind that has symbols.
    pub fn find(elf: &ElfFile<'data>, kind: u32) -> Option<SymbolTable<'data>> {
        let tables: Vec<Section> =
            elf.sections.iter().filter(|section| section.kind == kind).take(MAX_TABLES_READ).collect();
        let table = tables.iter().find(|table| table.size > SYMBOL_SIZE as u64)?;
        let strings = elf.sections.iter().nth(table.link as usize).and_then(|section| elf.sections.bytes(&section))?;
        Some(SymbolTable { symbols: elf.sections.bytes(table)?, strings })
    }

    /// Of code and data of this file, in the table's order.
    pub fn defined(&self) -> impl Iterator<Item = Symbol> + 'data {
        let mut file = 0;
        self.symbols.chunks_exact(SYMBOL_SIZE).enumerate().filter_map(move |(index, bytes)| {
            let symbol = Symbol::read(bytes, index)?;
            if symbol.kind == STT_FILE {
                file = symbol.name;
            }
            let file = if symbol.is_local { file } else { 0 };
            symbol.is_defined().then_some(Symbol { file, ..symbol })
        })
    }

    pub fn text(&self, offset: u32) -> Option<&'data [u8]> {
        if offset == 0 {
            return Some(&[]);
        }
        let rest = self.strings.get(offset as usize..)?;
        Reader::new(&rest[..rest.len().min(MAX_NAME_BYTES)]).c_string()
    }
}

/// Ordered by start, then size, then place in the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Symbol {
    pub start: u64,
    pub size: u64,
    pub index: usize,
    /// Offsets of strings; `file` is 0 but for local symbols.
    pub name: u32,
    pub file: u32,
    pub section: u16,
    kind: u8,
    pub is_local: bool,
}

impl Symbol {
    fn read(bytes: &[u8], index: usize) -> Option<Symbol> {
        let mut reader = Reader::new(bytes);
        let (name, info, _visibility, section) = (reader.u32()?, reader.u8()?, reader.u8()?, reader.u16()?);
        let (start, size) = (reader.u64()?, reader.u64()?);
        Some(Symbol { start, size, index, name, file: 0, section, kind: info & 0xf, is_local: info >> 4 == STB_LOCAL })
    }

    fn is_defined(&self) -> bool {
        let is_code_or_data = matches!(self.kind, STT_NOTYPE | STT_OBJECT | STT_FUNC | STT_GNU_IFUNC);
        is_code_or_data && self.section != SHN_UNDEF && self.section < SHN_LORESERVE && self.name != 0
    }

    /// By its type; assembly often gives none.
    pub fn is_function(&self) -> bool {
        matches!(self.kind, STT_FUNC | STT_GNU_IFUNC)
    }

    pub fn is_data(&self) -> bool {
        self.kind == STT_OBJECT
    }

    /// Says neither what it is nor where it ends: what assemblers write for a name and a colon.
    pub fn is_untyped(&self) -> bool {
        self.kind == STT_NOTYPE && self.size == 0
    }

    /// Known in its own source file only, and nothing says that it is a function.
    pub fn is_label(&self) -> bool {
        self.is_untyped() && self.is_local
    }

    /// The first address behind a symbol with a size; saturates.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.size)
    }
}
