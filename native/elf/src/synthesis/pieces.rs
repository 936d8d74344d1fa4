use std::collections::BTreeSet;

use super::gaps::starts::{Start, StartKind};
use super::gaps::uncovered::Uncovered;
use super::paths::evidence::drop_refuted;
use super::paths::flow::Flow;
use super::paths::functions::{bounds, extents, follow_guesses, follow_indirect_jumps, Extent};
use super::paths::node::Trust;
use super::rows::rule_ranges;
use crate::file::elf_file::ElfFile;
use crate::rows::region::RuleRange;

/// A piece is looked at again when one behind it calls into it.
const MAX_ROUNDS: usize = 2;
/// It is followed again when a call was found that does not come back.
const MAX_TRIES: usize = 3;
/// Once takes a quarter of a second; larger code is not followed again.
const MAX_BYTES_AGAIN: usize = 4 << 20;

/// What one piece of code was found to be.
#[derive(Default)]
pub(crate) struct Piece {
    pub ranges: Vec<RuleRange>,
    pub functions: u32,
    /// Addresses outside of it that it calls.
    called_elsewhere: Vec<u64>,
}

/// All code of a file that nothing covers.
pub(crate) struct Pieces<'a> {
    pub elf: &'a ElfFile<'a>,
    pub starts: &'a [Start],
    pub uncovered: &'a [Uncovered<'a>],
}

impl Pieces<'_> {
    /// In address order.
    pub fn follow(&self) -> Vec<Piece> {
        let mut called = vec![BTreeSet::new(); self.uncovered.len()];
        let mut has_news = vec![true; self.uncovered.len()];
        let mut pieces: Vec<Piece> = self.uncovered.iter().map(|_| Piece::default()).collect();
        for _ in 0..MAX_ROUNDS {
            for index in 0..self.uncovered.len() {
                if !std::mem::take(&mut has_news[index]) {
                    continue;
                }
                pieces[index] = self.plan(index, &called[index]).follow();
                for target in std::mem::take(&mut pieces[index].called_elsewhere) {
                    let Some(other) = self.index_of(target).filter(|_| !self.is_start(target)) else { continue };
                    has_news[other] |= called[other].insert(target);
                }
            }
        }
        pieces
    }

    fn plan<'plan>(&'plan self, index: usize, called: &'plan BTreeSet<u64>) -> Plan<'plan> {
        let code = &self.uncovered[index];
        let first = self.starts.partition_point(|start| start.address < code.start);
        let behind = self.starts.partition_point(|start| start.address < code.end());
        let starts = &self.starts[first..behind];
        let entry = Some(self.elf.entry()).filter(|&entry| entry != 0 && code.start <= entry && entry < code.end());
        Plan { elf: self.elf, code, entry, starts, called, extents: extents(code, starts) }
    }

    fn index_of(&self, address: u64) -> Option<usize> {
        let index = self.uncovered.partition_point(|code| code.start <= address).checked_sub(1)?;
        (address < self.uncovered[index].end()).then_some(index)
    }

    fn is_start(&self, address: u64) -> bool {
        let found = self.starts.binary_search_by_key(&address, |start| start.address);
        found.is_ok_and(|index| matches!(self.starts[index].kind, StartKind::Function | StartKind::Global))
    }
}

/// Where to begin in one piece of code.
struct Plan<'plan> {
    elf: &'plan ElfFile<'plan>,
    code: &'plan Uncovered<'plan>,
    entry: Option<u64>,
    starts: &'plan [Start],
    /// From other pieces.
    called: &'plan BTreeSet<u64>,
    extents: Vec<Extent>,
}

impl Plan<'_> {
    fn follow(&self) -> Piece {
        let has_start = self.entry.is_some() || !self.starts.is_empty() || !self.called.is_empty();
        if !has_start && !self.code.may_guess {
            return Piece::default();
        }
        let mut bounds = bounds(&self.extents);
        let tries = if self.code.code.len() > MAX_BYTES_AGAIN { 1 } else { MAX_TRIES };
        for _ in 1..tries {
            let mut flow = self.flow(&bounds);
            let ended = drop_refuted(&mut flow);
            if ended.is_empty() {
                return self.piece(flow);
            }
            bounds.extend(ended);
            bounds.sort_unstable();
        }
        let mut flow = self.flow(&bounds);
        drop_refuted(&mut flow);
        self.piece(flow)
    }

    /// What the surest starts lead to first.
    fn flow<'flow>(&'flow self, bounds: &'flow [u32]) -> Flow<'flow> {
        let mut flow = Flow::new(self.elf, self.code, bounds);
        if let Some(entry) = self.entry {
            flow.start_program(self.offset(entry));
        }
        flow.start_fibers();
        self.of_kind(StartKind::Function).for_each(|start| flow.start(start, Trust::Declared));
        self.of_kind(StartKind::Global).for_each(|start| flow.start(start, Trust::Sure));
        self.called.iter().for_each(|&address| flow.start(self.offset(address), Trust::Sure));
        flow.run();
        self.extents.iter().for_each(|&extent| follow_indirect_jumps(&mut flow, extent));
        for label in self.of_kind(StartKind::Label) {
            if !flow.reached.is_reached(label) {
                flow.start(label, Trust::Guessed);
                flow.run();
            }
        }
        if self.code.may_guess {
            follow_guesses(&mut flow, self.code, &self.extents);
        }
        flow
    }

    fn piece(&self, flow: Flow<'_>) -> Piece {
        if flow.is_exhausted() {
            return Piece::default();
        }
        let ranges = rule_ranges(&flow, self.code.start);
        Piece { ranges, functions: flow.origins.function_count(), called_elsewhere: flow.called_elsewhere }
    }

    /// The entry point is no function that somebody calls.
    fn of_kind(&self, kind: StartKind) -> impl Iterator<Item = usize> + '_ {
        let called = self.starts.iter().filter(|start| Some(start.address) != self.entry);
        called.filter(move |start| start.kind == kind).map(|start| self.offset(start.address))
    }

    fn offset(&self, address: u64) -> usize {
        (address - self.code.start) as usize
    }
}
