use crate::file::elf_file::ElfFile;
use crate::file::sections::{SHT_DYNSYM, SHT_SYMTAB};
use crate::file::symbol_table::{Symbol, SymbolTable};

/// What a symbol table says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolAt<'data> {
    pub name: &'data [u8],
    pub start: u64,
    /// 0 for a symbol that does not say its end (assembly): it reaches up to the next one.
    pub size: u64,
    /// The source file (STT_FILE) before a local symbol; empty for others.
    pub file: &'data [u8],
    /// A local symbol without type and size: a function of assembly, or a place inside of one.
    pub is_label: bool,
}

impl<'data> SymbolAt<'data> {
    pub(crate) fn of(table: &SymbolTable<'data>, symbol: &Symbol) -> Option<SymbolAt<'data>> {
        let (name, file) = (table.text(symbol.name)?, table.text(symbol.file)?);
        Some(SymbolAt { name, start: symbol.start, size: symbol.size, file, is_label: symbol.is_label() })
    }
}

/// The nearest symbol at or below each of the sorted addresses, where it reaches that far: of several at one address
/// the largest, then the last, as llvm-symbolizer chooses. From .symtab, else .dynsym. One pass over the table, and
/// memory for the addresses only: tables of large programs have a million symbols.
///
/// What a profile shows is [`crate::functions_at`].
pub fn symbols_at<'data>(elf: &ElfFile<'data>, addresses: &[u64]) -> Vec<Option<SymbolAt<'data>>> {
    let table = [SHT_SYMTAB, SHT_DYNSYM].into_iter().find_map(|kind| SymbolTable::find(elf, kind));
    table.map_or_else(|| vec![None; addresses.len()], |table| nearest_symbols(&table, addresses))
}

fn nearest_symbols<'data>(table: &SymbolTable<'data>, addresses: &[u64]) -> Vec<Option<SymbolAt<'data>>> {
    // The slot of a symbol is the first address at or above it; what is nearest to the later ones follows from it.
    let mut slots: Vec<Option<Symbol>> = vec![None; addresses.len()];
    for symbol in table.defined() {
        let slot = addresses.partition_point(|&address| address < symbol.start);
        if let Some(slot) = slots.get_mut(slot) {
            *slot = (*slot).max(Some(symbol));
        }
    }
    let mut nearest = None;
    let found = addresses.iter().zip(slots).map(|(&address, slot)| {
        nearest = nearest.max(slot);
        let reaches = |symbol: &Symbol| symbol.size == 0 || address < symbol.end();
        nearest.filter(reaches).and_then(|symbol| SymbolAt::of(table, &symbol))
    });
    found.collect()
}
