use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::symbols_at::SymbolAt;
use crate::file::elf_file::ElfFile;
use crate::file::sections::{SHT_DYNSYM, SHT_SYMTAB};
use crate::file::symbol_table::{Symbol, SymbolTable};

/// Labels that no assembler or compiler means for people: `.L3`, and nasm's `%%label` of a macro, `..@7.label`.
const TEMPORARY: [&[u8]; 2] = [b".L", b"..@"];

/// The function that holds each of the sorted addresses, by the symbol tables of all these files, which describe the
/// same addresses: a program, and what was taken out of it. Of one file .symtab, else .dynsym.
///
/// - A symbol with a size that holds the address, the innermost of several, goes before labels inside of it, which have
///   neither type nor size (`.loop:` in a C compiler's or an assembler's function).
/// - `f.loop` of nasm and yasm, a label behind `f` with no function between, is a place in `f`.
/// - Any other symbol without a size reaches to the next symbol, to where one with a size ends, and to the end of its
///   section. What begins or ends there without a symbol only the caller knows ([`crate::FunctionRanges`],
///   [`crate::CodeWalk`]).
///
/// Symbols of data are no functions. One pass over the tables, seldom two, and memory for the addresses and sections.
pub fn functions_at<'data>(files: &[&ElfFile<'data>], addresses: &[u64]) -> Vec<Option<SymbolAt<'data>>> {
    let tables: Vec<Table<'data>> = files.iter().filter_map(|elf| Table::of(elf)).collect();
    let mut slots = vec![Slot::default(); addresses.len()];
    for (number, table) in tables.iter().enumerate() {
        table.fill(number, addresses, &mut slots);
    }
    let nearest = inherit(slots, addresses);
    let aliases = Aliases::find(&tables, &nearest);
    nearest.iter().map(|it| it.function(&tables, &aliases).and_then(|it| tables[it.table].symbol_at(it))).collect()
}

struct Table<'data> {
    symbols: SymbolTable<'data>,
    sections: CodeSections,
}

impl<'data> Table<'data> {
    fn of(elf: &ElfFile<'data>) -> Option<Table<'data>> {
        let symbols = [SHT_SYMTAB, SHT_DYNSYM].into_iter().find_map(|kind| SymbolTable::find(elf, kind))?;
        Some(Table { symbols, sections: CodeSections::of(elf) })
    }

    fn fill(&self, table: usize, addresses: &[u64], slots: &mut [Slot]) {
        for symbol in self.symbols.defined() {
            let Some(section) = self.sections.of_symbol(&symbol) else { continue };
            let slot_of = |start: u64| addresses.partition_point(|&address| address < start);
            let at = slot_of(symbol.start);
            if symbol.size != 0 {
                if let Some(slot) = slots.get_mut(slot_of(symbol.end())) {
                    slot.boundary = slot.boundary.max(symbol.end());
                }
            }
            let Some(slot) = slots.get_mut(at) else { continue };
            let candidate = Candidate { symbol, table };
            if symbol.size != 0 {
                slot.add_sized(candidate, addresses[at]);
            } else if section.contains(&addresses[at]) {
                // Of a section that ends in between, the symbol means nothing to this address and those behind it.
                self.add_sizeless(candidate, section.end, slot);
            }
        }
    }

    fn add_sizeless(&self, candidate: Candidate, limit: u64, slot: &mut Slot) {
        let name = match candidate.symbol.is_label() {
            true => self.symbols.text(candidate.symbol.name).unwrap_or_default(),
            false => &[],
        };
        let sizeless = Some((candidate, limit));
        if TEMPORARY.iter().any(|start| name.starts_with(start)) {
        } else if dot(name).is_some() {
            slot.dotted = slot.dotted.max(sizeless);
        } else {
            slot.sizeless = slot.sizeless.max(sizeless);
        }
    }

    fn name(&self, candidate: &Candidate) -> &'data [u8] {
        self.symbols.text(candidate.symbol.name).unwrap_or_default()
    }

    fn symbol_at(&self, candidate: Candidate) -> Option<SymbolAt<'data>> {
        SymbolAt::of(&self.symbols, &candidate.symbol)
    }
}

struct CodeSections {
    /// By their numbers; `None` for those without code.
    numbered: Vec<Option<Range<u64>>>,
    /// By their addresses.
    sorted: Vec<Range<u64>>,
}

impl CodeSections {
    fn of(elf: &ElfFile<'_>) -> CodeSections {
        let range = |start: u64, size: u64| start..start.saturating_add(size);
        let sections = elf.sections.iter().map(|it| it.is_code().then(|| range(it.address, it.size)));
        let numbered: Vec<Option<Range<u64>>> = sections.collect();
        let mut sorted: Vec<Range<u64>> = numbered.iter().flatten().cloned().collect();
        sorted.sort_by_key(|section| section.start);
        CodeSections { numbered, sorted }
    }

    /// By its number, to which also a label at the section's end belongs; by its address where `strip` took sections
    /// away, which leaves the numbers of .dynsym as they were.
    fn of_symbol(&self, symbol: &Symbol) -> Option<&Range<u64>> {
        let numbered = self.numbered.get(usize::from(symbol.section)).and_then(Option::as_ref);
        let is_in = |section: &&Range<u64>| section.start <= symbol.start && symbol.start <= section.end;
        numbered.filter(is_in).or_else(|| {
            let behind = self.sorted.partition_point(|section| section.start <= symbol.start);
            self.sorted[..behind].last().filter(|section| section.contains(&symbol.start))
        })
    }
}

/// Where `f.loop` ends to be `f`.
fn dot(name: &[u8]) -> Option<usize> {
    name.iter().position(|&byte| byte == b'.').filter(|&at| at > 0)
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Candidate {
    symbol: Symbol,
    table: usize,
}

impl Candidate {
    /// Of several at one address the largest, of the first file, then the last, as [`crate::symbols_at`].
    fn key(&self) -> (u64, u64, Reverse<usize>, usize) {
        (self.symbol.start, self.symbol.size, Reverse(self.table), self.symbol.index)
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Candidate) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Candidate) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// And the end of its section.
type Sizeless = (Candidate, u64);

/// What begins at or below an address and above the one before it; with [`inherit`], at or below it.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// The innermost with a size that holds the address, and of those that do the one with the highest end.
    innermost: Option<Candidate>,
    farthest: Option<Candidate>,
    /// The nearest with a size, which may have ended.
    sized: Option<Candidate>,
    /// Where a symbol with a size begins or ends.
    boundary: u64,
    sizeless: Option<Sizeless>,
    /// Labels with a dot in their name.
    dotted: Option<Sizeless>,
}

impl Slot {
    fn add_sized(&mut self, candidate: Candidate, address: u64) {
        self.sized = self.sized.max(Some(candidate));
        self.boundary = self.boundary.max(candidate.symbol.start);
        if address < candidate.symbol.end() {
            self.innermost = self.innermost.max(Some(candidate));
            let is_farther = |known: Candidate| known.symbol.end() < candidate.symbol.end();
            if self.farthest.is_none_or(is_farther) {
                self.farthest = Some(candidate);
            }
        }
    }
}

/// Hands on what reaches from one address to those behind it.
fn inherit(mut slots: Vec<Slot>, addresses: &[u64]) -> Vec<Slot> {
    let mut open: Vec<Candidate> = Vec::new();
    let mut before = Slot::default();
    for (slot, &address) in slots.iter_mut().zip(addresses) {
        open.extend(slot.farthest.filter(|_| slot.farthest != slot.innermost));
        open.extend(slot.innermost);
        while open.pop_if(|last| last.symbol.end() <= address).is_some() {}
        let reaching = |sizeless: Option<Sizeless>| sizeless.filter(|&(_, limit)| address < limit);
        *slot = Slot {
            innermost: open.last().copied(),
            farthest: None,
            sized: before.sized.max(slot.sized),
            boundary: before.boundary.max(slot.boundary),
            sizeless: reaching(before.sizeless.max(slot.sizeless)),
            dotted: reaching(before.dotted.max(slot.dotted)),
        };
        before = *slot;
    }
    slots
}

impl Slot {
    fn function(&self, tables: &[Table<'_>], aliases: &Aliases<'_>) -> Option<Candidate> {
        let dotted = self.dotted_label().filter(|label| !self.is_part_of_function(label, tables, aliases));
        let sizeless = dotted.or(self.sizeless.map(|(candidate, _)| candidate));
        let sizeless = sizeless.filter(|it| self.boundary <= it.symbol.start);
        match (self.innermost, sizeless) {
            (Some(sized), Some(it)) if it.symbol.is_untyped() || it.symbol.start <= sized.symbol.start => Some(sized),
            (sized, sizeless) => sizeless.or(sized),
        }
    }

    /// A label with a dot in its name that is nearer than every other symbol without a size.
    fn dotted_label(&self) -> Option<Candidate> {
        let (label, _) = self.dotted?;
        self.sizeless.is_none_or(|(other, _)| other.symbol.start < label.symbol.start).then_some(label)
    }

    /// The nearest at or below the label that is no such label itself.
    fn function_before(&self) -> Option<Candidate> {
        self.sized.max(self.sizeless.map(|(candidate, _)| candidate))
    }

    fn is_part_of_function(&self, label: &Candidate, tables: &[Table<'_>], aliases: &Aliases<'_>) -> bool {
        let Some(before) = self.function_before().filter(|it| it.symbol.start <= label.symbol.start) else {
            return false;
        };
        let name = tables[label.table].name(label);
        let rest = name.strip_prefix(tables[before.table].name(&before));
        let is_of_file = before.symbol.file == 0 || before.symbol.file == label.symbol.file;
        (is_of_file && rest.is_some_and(|rest| rest.starts_with(b"."))) || aliases.have(before.symbol.start, name)
    }
}

/// Functions with several names: only one of them is the nearest, and the labels inside have another in theirs.
#[derive(Default)]
struct Aliases<'data> {
    known: HashSet<(u64, &'data [u8])>,
}

impl<'data> Aliases<'data> {
    /// Of the functions before dotted labels, those names that are wanted.
    fn find(tables: &[Table<'data>], slots: &[Slot]) -> Aliases<'data> {
        let mut wanted: HashMap<u64, HashSet<&[u8]>> = HashMap::new();
        for slot in slots {
            if let (Some(label), Some(before)) = (slot.dotted_label(), slot.function_before()) {
                let name = tables[label.table].name(&label);
                wanted.entry(before.symbol.start).or_default().insert(&name[..dot(name).unwrap_or_default()]);
            }
        }
        let mut aliases = Aliases::default();
        if wanted.is_empty() {
            return aliases;
        }
        for table in tables {
            for symbol in table.symbols.defined() {
                let Some(names) = wanted.get(&symbol.start) else { continue };
                let name = table.symbols.text(symbol.name).unwrap_or_default();
                if names.contains(name) {
                    aliases.known.insert((symbol.start, name));
                }
            }
        }
        aliases
    }

    fn have(&self, start: u64, label: &[u8]) -> bool {
        dot(label).is_some_and(|dot| self.known.contains(&(start, &label[..dot])))
    }
}
