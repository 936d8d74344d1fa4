//! Rules for code that no call frame information covers, from its instructions: the stack pointer and rbp are followed
//! from where a function begins along all of its paths.
mod effect;
mod evidence;
mod flow;
mod functions;
mod jump_table;
mod padding;
mod returning;
mod rows;
mod starts;
mod state;
mod state_table;
mod thread_exit;
mod uncovered;
mod value;
mod writes;

use std::collections::BTreeSet;

pub(crate) use thread_exit::length_to_thread_exit;

use evidence::drop_refuted;
use flow::{Flow, Trust};
use functions::{bounds, extents, follow_guesses, follow_indirect_jumps};
use rows::rule_ranges;
use starts::{symbol_starts, Start, StartKind};
use uncovered::{uncovered_code, Uncovered};

use crate::counts::Counts;
use crate::elf_file::{ElfFile, Segment};
use crate::region::{Region, RuleRange, Source};
use crate::rule::{Rule, UNWIND_UNSUPPORTED};

/// A piece is looked at again when one behind it calls into it.
const MAX_ROUNDS: usize = 2;

/// Adds regions where none are, their rules behind those in `rules`. Regions sorted and disjoint, and so they stay when
/// they are sorted again.
pub(crate) fn add_from_code(
    elf: &ElfFile<'_>,
    regions: &mut Vec<Region>,
    segments: &[Segment],
    rules: &mut Vec<Rule>,
    counts: &mut Counts,
) {
    let uncovered = uncovered_code(elf, regions, segments);
    let file = UncoveredFile { elf, starts: &symbol_starts(elf, &uncovered), uncovered: &uncovered };
    for ranges in file.ranges(counts) {
        regions.extend(ranges.iter().map(|range| {
            let source = Source::Fixed(rules.len() as u32);
            rules.push(range.rule);
            Region { start: range.start, end: range.end, source }
        }));
    }
}

/// What one piece of code was found to be.
#[derive(Default)]
struct Piece {
    ranges: Vec<RuleRange>,
    functions: u32,
    /// Addresses in other pieces that it calls.
    called_elsewhere: Vec<u64>,
}

struct UncoveredFile<'a> {
    elf: &'a ElfFile<'a>,
    starts: &'a [Start],
    uncovered: &'a [Uncovered<'a>],
}

impl UncoveredFile<'_> {
    /// Of each piece of code, in address order.
    fn ranges(&self, counts: &mut Counts) -> Vec<Vec<RuleRange>> {
        let mut called = vec![BTreeSet::new(); self.uncovered.len()];
        let mut is_news = vec![true; self.uncovered.len()];
        let mut pieces: Vec<Piece> = Vec::new();
        pieces.resize_with(self.uncovered.len(), Piece::default);
        for _ in 0..MAX_ROUNDS {
            for index in 0..self.uncovered.len() {
                if !std::mem::take(&mut is_news[index]) {
                    continue;
                }
                let mut piece = self.piece(&self.uncovered[index], &called[index]);
                for target in std::mem::take(&mut piece.called_elsewhere) {
                    let Some(other) = self.index_of(target).filter(|_| !self.is_start(target)) else { continue };
                    is_news[other] |= called[other].insert(target);
                }
                pieces[index] = piece;
            }
        }
        for (code, piece) in self.uncovered.iter().zip(&pieces) {
            count(code, piece, counts);
        }
        pieces.into_iter().map(|piece| piece.ranges).collect()
    }

    fn index_of(&self, address: u64) -> Option<usize> {
        let index = self.uncovered.partition_point(|code| code.start <= address).checked_sub(1)?;
        (address < self.uncovered[index].end()).then_some(index)
    }

    fn is_start(&self, address: u64) -> bool {
        let found = self.starts.binary_search_by_key(&address, |start| start.address);
        found.is_ok_and(|index| matches!(self.starts[index].kind, StartKind::Function | StartKind::Global))
    }

    /// `called`: what other pieces call in this one.
    fn piece(&self, code: &Uncovered<'_>, called: &BTreeSet<u64>) -> Piece {
        let first = self.starts.partition_point(|start| start.address < code.start);
        let behind = self.starts.partition_point(|start| start.address < code.end());
        let starts = &self.starts[first..behind];
        let entry = self.elf.entry();
        let has_entry = entry != 0 && (code.start..code.end()).contains(&entry);
        if starts.is_empty() && called.is_empty() && !has_entry && !code.may_guess {
            return Piece::default();
        }
        let offset = |address: u64| (address - code.start) as usize;
        let of_kind = |kind| starts.iter().filter(move |start| start.kind == kind).map(|start| start.address);
        let extents = extents(code, starts);
        let mut flow = Flow::new(self.elf, code.start, code.code);
        flow.bounds = bounds(&extents);
        if has_entry {
            flow.start_program(offset(entry));
        }
        let functions = |kind| of_kind(kind).filter(|&address| address != entry);
        for address in functions(StartKind::Function) {
            flow.start(offset(address), Trust::Declared);
        }
        for address in functions(StartKind::Global).chain(called.iter().copied()) {
            flow.start(offset(address), Trust::Sure);
        }
        flow.run();
        extents.iter().for_each(|&extent| follow_indirect_jumps(&mut flow, extent));
        for label in of_kind(StartKind::Label).map(offset) {
            if !flow.is_reached(label) {
                flow.start(label, Trust::Guessed);
                flow.run();
            }
        }
        if code.may_guess {
            follow_guesses(&mut flow, code, &extents);
        }
        if flow.is_exhausted() {
            return Piece::default();
        }
        drop_refuted(&mut flow);
        Piece {
            ranges: rule_ranges(&flow, code.start),
            functions: flow.origins.function_count(),
            called_elsewhere: flow.called_elsewhere,
        }
    }
}

fn count(code: &Uncovered<'_>, piece: &Piece, counts: &mut Counts) {
    let known = piece.ranges.iter().filter(|range| range.rule.kind != UNWIND_UNSUPPORTED);
    let known_bytes: u64 = known.map(|range| range.end - range.start).sum();
    counts.synthesized_functions += piece.functions;
    counts.synthesized_rows += piece.ranges.len() as u32;
    counts.unknown_bytes += code.code.len() as u64 - known_bytes;
}
