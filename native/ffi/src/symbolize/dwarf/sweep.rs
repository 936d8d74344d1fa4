//! User code: one sweep over the units that hold the addresses, wherever their debug information is.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use bee_elf::{
    functions_at, symbols_at, DebugSections, ElfFile, PlannedUnit, SweepPlan, SymbolAt, UnitOutcome, UnitSweeper, Work,
};

use super::collector::Collector;
use super::debug_data::{DebugData, MAX_BYTES};
use super::functions::Functions;
use super::split_files::SplitFiles;
use crate::files::client_cache::ClientCache;
use crate::files::debug_file::{self, DebugFile};
use crate::symbolize::names::demangle::is_mangled;
use crate::symbolize::names::style::Style;
use crate::symbolize::symbols::Symbols;
use crate::symbolize::threads;

/// Entries for which a second thread is worth its start.
const BYTES_PER_THREAD: usize = 4 << 20;
const MAX_THREADS: usize = 4;

/// What a sweep answers for a list of addresses.
pub struct Swept {
    pub symbols: Symbols,
    /// Indices of addresses that the sweep cannot judge, ascending; they have no frames.
    pub left: Vec<usize>,
    pub message: Option<String>,
    /// Not all of it comes from the two files of the program.
    pub is_spread: bool,
}

/// What was mapped, and the file with its debug information: mostly the same.
pub struct Program<'a, 'data> {
    pub elf: &'a ElfFile<'data>,
    pub path: &'a Path,
    pub debug: &'a ElfFile<'data>,
    pub debug_path: &'a Path,
    pub debug_cache: &'a ClientCache,
}

/// `Err` with a sentence when the debug information cannot be swept at all.
pub fn resolve(
    program: &Program<'_, '_>,
    addresses: &[u64],
    functions: &Functions,
    style: Style,
) -> Result<Swept, String> {
    let mut left = MAX_BYTES;
    let (supplement, unfound) = open_supplement(program);
    let supplement = supplement.as_ref().map(|file| read_supplement(file, &mut left)).transpose()?;
    let supplement = supplement.as_ref().map(DebugData::sections);
    let data = DebugData::read(program.debug, &mut left)?;
    let sections = supplement.iter().fold(data.sections(), DebugSections::supplemented_by);

    let work = Work::for_bytes(sections.byte_length());
    let mut plan = SweepPlan::new(&sections, addresses, &work).ok_or("Its debug information is malformed.")?;
    let skeletons = plan.skeletons(&sections, &work);
    let split = SplitFiles::open(&skeletons, std::fs::canonicalize(program.path).ok().as_deref());
    let content = split.read(&mut left);
    let parsed = content.parse(&skeletons, &sections, &work);
    let missing = parsed.attach(&mut plan, &skeletons, &split);
    let is_spread = supplement.is_some() || !skeletons.is_empty();

    let (sweepers, outcomes) = sweep_units(&sections, &plan, addresses, &work);
    let left = left_over(&outcomes, &plan);
    let table = symbol_table(program, addresses, &sweepers, functions, style);
    let symbols = Collector::new(table, addresses, functions, style).collect(&sweepers, &left);
    Ok(Swept { symbols, left, message: message([unfound, missing], &outcomes, &plan), is_spread })
}

/// The file, or a sentence that it is not found. Debian's stripped programs keep the name, and miss more than that.
fn open_supplement(program: &Program<'_, '_>) -> (Option<DebugFile>, Option<String>) {
    if !program.debug.has_section(".debug_info") {
        return (None, None);
    }
    match debug_file::open_supplement(program.debug, program.debug_path, program.debug_cache) {
        Ok(found) => (found, None),
        Err(name) => {
            let text =
                format!("Names are missing: {}, which dwz made, is not found, or of another build.", name.display());
            (None, Some(text))
        }
    }
}

fn read_supplement<'data>(file: &'data DebugFile, left: &mut u64) -> Result<DebugData<'data>, String> {
    let elf = ElfFile::parse_sections(file.memory.bytes()).map_err(|error| error.to_string())?;
    DebugData::read(&elf, left)
}

/// What was taken out of a stripped file names also what it does not export. Looked for only where the sweep found no
/// name with a path: that is a twentieth of its cost, and most programs need it for a few addresses.
fn symbol_table<'data>(
    program: &Program<'_, 'data>,
    addresses: &[u64],
    sweepers: &[UnitSweeper<'_, 'data>],
    functions: &Functions,
    style: Style,
) -> Vec<Option<SymbolAt<'data>>> {
    if style.is_like_llvm {
        return symbols_at(program.elf, addresses);
    }
    let meant = without_path(addresses.len(), sweepers);
    let wanted: Vec<u64> = meant.iter().map(|&index| addresses[index]).collect();
    let files = [program.debug, program.elf];
    let files = if std::ptr::eq(program.debug, program.elf) { &files[1..] } else { &files[..] };
    let mut found = functions_at(files, &wanted);
    replace_labels(files, functions, &mut found);
    let mut table = vec![None; addresses.len()];
    meant.into_iter().zip(found).for_each(|(index, symbol)| table[index] = symbol);
    table
}

/// A label in the middle of an FDE is no function of its own where a symbol is at the FDE's start.
fn replace_labels<'data>(files: &[&ElfFile<'data>], functions: &Functions, found: &mut [Option<SymbolAt<'data>>]) {
    let start_of = |symbol: &Option<SymbolAt<'_>>| {
        let label = symbol.filter(|symbol| symbol.is_label)?;
        functions.start_of(label.start).filter(|&start| start != label.start)
    };
    let starts: Vec<Option<u64>> = found.iter().map(start_of).collect();
    let mut wanted: Vec<u64> = starts.iter().flatten().copied().collect();
    wanted.dedup();
    if wanted.is_empty() {
        return;
    }
    let symbols = functions_at(files, &wanted);
    for (found, start) in found.iter_mut().zip(starts) {
        let index = start.and_then(|start| wanted.binary_search(&start).ok());
        let symbol = index.and_then(|index| symbols[index]).filter(|symbol| Some(symbol.start) == start);
        *found = symbol.or(*found);
    }
}

/// Ascending indices of the addresses whose function has no name in the debug information, or a plain one.
fn without_path(address_count: usize, sweepers: &[UnitSweeper<'_, '_>]) -> Vec<usize> {
    let mut has_path = vec![false; address_count];
    for sweeper in sweepers {
        let names = sweeper.names();
        for address in sweeper.addresses() {
            let outermost = sweeper.frames(address).last();
            has_path[address.index as usize] = outermost.is_some_and(|frame| is_mangled(names[frame.name as usize]));
        }
    }
    (0..address_count).filter(|&index| !has_path[index]).collect()
}

/// Units in parallel: each thread takes the next one and keeps its own results.
fn sweep_units<'a, 'data>(
    sections: &'a DebugSections<'data>,
    plan: &'a SweepPlan<'data>,
    addresses: &[u64],
    work: &'a Work,
) -> (Vec<UnitSweeper<'a, 'data>>, Vec<UnitOutcome>) {
    let next = AtomicUsize::new(0);
    let sweep = || {
        let mut sweeper = UnitSweeper::new(sections, plan, work);
        let mut outcomes = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(planned) = plan.planned.get(index) else { return (sweeper, outcomes) };
            outcomes.push((index, sweeper.sweep(planned, addresses)));
        }
    };
    let helpers = thread_count(&plan.planned) - 1;
    let results = std::thread::scope(|scope| {
        let builder = || threads::builder("bee-sweep");
        // A thread that cannot start leaves its units to the others.
        let started: Vec<_> = (0..helpers).filter_map(|_| builder().spawn_scoped(scope, sweep).ok()).collect();
        let mut results = vec![sweep()];
        results.extend(started.into_iter().filter_map(|thread| thread.join().ok()));
        results
    });
    let mut outcomes = vec![UnitOutcome::Unreadable; plan.planned.len()];
    let mut sweepers = Vec::new();
    for (sweeper, of_thread) in results {
        of_thread.into_iter().for_each(|(index, outcome)| outcomes[index] = outcome);
        sweepers.push(sweeper);
    }
    (sweepers, outcomes)
}

fn thread_count(planned: &[PlannedUnit<'_>]) -> usize {
    let bytes: usize = planned.iter().map(|unit| unit.byte_length).sum();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    (1 + bytes / BYTES_PER_THREAD).min(cpus).min(MAX_THREADS)
}

fn left_over(outcomes: &[UnitOutcome], plan: &SweepPlan<'_>) -> Vec<usize> {
    let is_left = |outcome: UnitOutcome| outcome == UnitOutcome::Unreadable;
    let mut left: Vec<usize> = wanted_of(outcomes, plan, is_left).map(|&index| index as usize).collect();
    left.sort_unstable();
    left
}

fn wanted_of<'a>(
    outcomes: &'a [UnitOutcome],
    plan: &'a SweepPlan<'_>,
    is_meant: impl Fn(UnitOutcome) -> bool + 'a,
) -> impl Iterator<Item = &'a u32> {
    let units = plan.planned.iter().zip(outcomes).filter(move |(_, &outcome)| is_meant(outcome));
    units.flat_map(|(planned, _)| &planned.wanted)
}

fn message(known: [Option<String>; 2], outcomes: &[UnitOutcome], plan: &SweepPlan<'_>) -> Option<String> {
    let count = |meant: UnitOutcome| wanted_of(outcomes, plan, move |outcome| outcome == meant).count();
    let sentences = [(UnitOutcome::Unreadable, "Debug information"), (UnitOutcome::WithoutLines, "The line table")];
    let mut texts: Vec<String> = known.into_iter().flatten().collect();
    for (outcome, what) in sentences {
        match count(outcome) {
            0 => {}
            1 => texts.push(format!("{what} of 1 address is unreadable.")),
            count => texts.push(format!("{what} of {count} addresses is unreadable.")),
        }
    }
    (!texts.is_empty()).then(|| texts.join(" "))
}
