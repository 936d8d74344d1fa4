use super::uncovered::Uncovered;
use crate::file::elf_file::ElfFile;
use crate::file::sections::{SHT_DYNSYM, SHT_SYMTAB};
use crate::file::symbol_table::{Symbol, SymbolTable};

const COLD: &[u8] = b".cold";

/// Where a symbol says that a function begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Start {
    pub address: u64,
    /// 0 when the symbol does not say.
    pub size: u64,
    pub kind: StartKind,
}

/// The surest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum StartKind {
    Function,
    /// Seen from other files, and of no type: assembly.
    Global,
    /// A part that the compiler moved away from its function, where it is jumped to from.
    ColdPart,
    /// A local symbol without a type, as often a label as a function.
    Label,
}

/// The starts inside of uncovered code, sorted, one for each address: from .symtab, else from .dynsym.
pub(crate) fn symbol_starts(elf: &ElfFile<'_>, uncovered: &[Uncovered<'_>]) -> Vec<Start> {
    let (Some(first), Some(last)) = (uncovered.first(), uncovered.last()) else { return Vec::new() };
    let around = first.start..last.end();
    let is_uncovered = |address: u64| {
        let behind = uncovered.partition_point(|code| code.start <= address);
        around.contains(&address) && uncovered[..behind].last().is_some_and(|code| address < code.end())
    };
    let Some(table) = [SHT_SYMTAB, SHT_DYNSYM].into_iter().find_map(|kind| SymbolTable::find(elf, kind)) else {
        return Vec::new();
    };
    let mut starts: Vec<Start> = table
        .defined()
        .filter(|symbol| !symbol.is_data() && is_uncovered(symbol.start))
        .filter_map(|symbol| start(&table, &symbol))
        .collect();
    // Of several at one address the surest, then the largest.
    starts.sort_unstable_by_key(|start| (start.address, start.kind, u64::MAX - start.size));
    starts.dedup_by_key(|start| start.address);
    starts
}

fn start(table: &SymbolTable<'_>, symbol: &Symbol) -> Option<Start> {
    let name = || table.text(symbol.name).unwrap_or_default();
    let kind = match (symbol.is_function(), symbol.is_local) {
        (true, true) if is_cold_part(name()) => StartKind::ColdPart,
        (true, _) => StartKind::Function,
        (false, false) => StartKind::Global,
        (false, true) if is_local_label(name()) => return None,
        (false, true) => StartKind::Label,
    };
    Some(Start { address: symbol.start, size: symbol.size, kind })
}

fn is_cold_part(name: &[u8]) -> bool {
    name.windows(COLD.len()).any(|part| part == COLD)
}

/// nasm's `.loop` inside of `f` is the symbol `f.loop`.
fn is_local_label(name: &[u8]) -> bool {
    name.contains(&b'.')
}
