use crate::elf_file::{ElfFile, MAX_TABLES_READ, SYMBOL_SIZE};
use crate::reader::Reader;
use crate::sections::{Section, SHT_DYNSYM, SHT_SYMTAB};

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

/// What a symbol table says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolAt<'data> {
    pub name: &'data [u8],
    pub start: u64,
    /// 0 for a symbol that does not say its end (assembly): it reaches up to the next one.
    pub size: u64,
    /// The source file (STT_FILE) before a local symbol; empty for others.
    pub file: &'data [u8],
}

/// The nearest symbol at or below each of the sorted addresses, where it reaches that far: of several at one address
/// the largest, then the last, as llvm-symbolizer chooses. From .symtab, else .dynsym. One pass over the table, and
/// memory for the addresses only: tables of large programs have a million symbols.
pub fn symbols_at<'data>(elf: &ElfFile<'data>, addresses: &[u64]) -> Vec<Option<SymbolAt<'data>>> {
    let nearest = [SHT_SYMTAB, SHT_DYNSYM].into_iter().find_map(|kind| nearest_symbols(elf, kind, addresses));
    nearest.unwrap_or_else(|| vec![None; addresses.len()])
}

/// A table with symbols in it, and their names.
pub(crate) struct SymbolTable<'data> {
    symbols: &'data [u8],
    strings: &'data [u8],
}

/// A symbol of code, or of what may be code.
pub(crate) struct CodeSymbol {
    name: u32,
    pub address: u64,
    /// 0 when it does not say.
    pub size: u64,
    /// By its type; assembly often gives none.
    pub is_function: bool,
    pub is_local: bool,
}

impl<'data> SymbolTable<'data> {
    pub fn find(elf: &ElfFile<'data>, kind: u32) -> Option<SymbolTable<'data>> {
        let tables: Vec<Section> =
            elf.sections.iter().filter(|section| section.kind == kind).take(MAX_TABLES_READ).collect();
        let table = tables.iter().find(|table| table.size > SYMBOL_SIZE as u64)?;
        let strings = elf.sections.iter().nth(table.link as usize).and_then(|section| elf.sections.bytes(&section))?;
        Some(SymbolTable { symbols: elf.sections.bytes(table)?, strings })
    }

    pub fn code_symbols(&self) -> impl Iterator<Item = CodeSymbol> + 'data {
        let symbols = self.symbols.chunks_exact(SYMBOL_SIZE).filter_map(RawSymbol::read);
        symbols.filter(|symbol| symbol.is_defined() && symbol.kind != STT_OBJECT).map(|symbol| CodeSymbol {
            name: symbol.name,
            address: symbol.start,
            size: symbol.size,
            is_function: symbol.kind != STT_NOTYPE,
            is_local: symbol.binding == STB_LOCAL,
        })
    }

    pub fn name(&self, symbol: &CodeSymbol) -> Option<&'data [u8]> {
        text(self.strings, symbol.name)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    start: u64,
    size: u64,
    index: usize,
    name: u32,
    file: u32,
}

/// `None` without a symbol of code or data.
fn nearest_symbols<'data>(elf: &ElfFile<'data>, kind: u32, addresses: &[u64]) -> Option<Vec<Option<SymbolAt<'data>>>> {
    let table = SymbolTable::find(elf, kind)?;
    // The slot of a symbol is the first address at or above it; what is nearest to the later ones follows from it.
    let mut slots = vec![None; addresses.len()];
    read_candidates(table.symbols, addresses, &mut slots);
    let mut nearest = None;
    let found = addresses.iter().zip(slots).map(|(&address, slot)| {
        nearest = nearest.max(slot);
        nearest.and_then(|candidate| symbol(table.strings, candidate, address))
    });
    Some(found.collect())
}

fn read_candidates(table: &[u8], addresses: &[u64], slots: &mut [Option<Candidate>]) {
    let mut file = 0;
    for (index, bytes) in table.chunks_exact(SYMBOL_SIZE).enumerate() {
        let Some(symbol) = RawSymbol::read(bytes) else { continue };
        if symbol.kind == STT_FILE {
            file = symbol.name;
        }
        if !symbol.is_defined() {
            continue;
        }
        let slot = addresses.partition_point(|&address| address < symbol.start);
        let Some(slot) = slots.get_mut(slot) else { continue };
        let file = if symbol.binding == STB_LOCAL { file } else { 0 };
        let candidate = Candidate { start: symbol.start, size: symbol.size, index, name: symbol.name, file };
        *slot = (*slot).max(Some(candidate));
    }
}

struct RawSymbol {
    name: u32,
    kind: u8,
    binding: u8,
    section: u16,
    start: u64,
    size: u64,
}

impl RawSymbol {
    fn read(bytes: &[u8]) -> Option<RawSymbol> {
        let mut reader = Reader::new(bytes);
        let (name, info, _visibility, section) = (reader.u32()?, reader.u8()?, reader.u8()?, reader.u16()?);
        let (start, size) = (reader.u64()?, reader.u64()?);
        Some(RawSymbol { name, kind: info & 0xf, binding: info >> 4, section, start, size })
    }

    fn is_defined(&self) -> bool {
        let is_code_or_data = matches!(self.kind, STT_NOTYPE | STT_OBJECT | STT_FUNC | STT_GNU_IFUNC);
        is_code_or_data && self.section != SHN_UNDEF && self.section < SHN_LORESERVE && self.name != 0
    }
}

fn symbol<'data>(strings: &'data [u8], candidate: Candidate, address: u64) -> Option<SymbolAt<'data>> {
    let Candidate { start, size, .. } = candidate;
    if size != 0 && address - start >= size {
        return None;
    }
    Some(SymbolAt { name: text(strings, candidate.name)?, start, size, file: text(strings, candidate.file)? })
}

fn text(strings: &[u8], offset: u32) -> Option<&[u8]> {
    if offset == 0 {
        return Some(&[]);
    }
    let rest = strings.get(offset as usize..)?;
    Reader::new(&rest[..rest.len().min(MAX_NAME_BYTES)]).c_string()
}
