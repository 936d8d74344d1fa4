use std::collections::HashMap;

use super::entries::debug::Debug;
use super::entries::unit::Unit;
use super::lines::line_header::LineHeader;
use super::lines::line_rows::{read_rows, LineRow};
use super::names::{Names, Referrer, MAX_TEXT_BYTES};
use super::planning::plan::{PlannedUnit, SweepPlan};
use super::scopes::{Scope, Scopes, NO_SCOPE};
use super::sections::DebugSections;
use super::work::{Budget, Work};

/// Calls that are inlined into each other; real chains have some twenty.
const MAX_CHAIN: usize = 1 << 10;
/// For one list of addresses; chains of ten are long. 24 bytes each.
const MAX_FRAMES: usize = 1 << 22;

/// A function or an inlined call at an address.
#[derive(Clone, Copy, Debug)]
pub struct SweptFrame {
    /// Index into [`UnitSweeper::names`]; 0 where the debug information has none.
    pub name: u32,
    /// Index into [`UnitSweeper::files`]; 0 where it has none.
    pub file: u32,
    /// 0 when unknown, as the column.
    pub line: u32,
    pub column: u32,
    pub is_inlined: bool,
    /// False for a place without a function around it.
    pub is_function: bool,
}

/// The frames of one address, innermost first.
#[derive(Clone, Copy, Debug)]
pub struct SweptAddress {
    /// Its index in the list that the plan was made for.
    pub index: u32,
    first: u32,
    count: u32,
}

/// What became of a unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnitOutcome {
    Read,
    /// Functions are right; the line program could not be read, or not to its end.
    WithoutLines,
    /// The unit only refers to a .dwo file, which nobody attached: lines are right, inlined calls and names missing.
    WithoutSplitFile,
    /// Malformed, or too much work; its addresses have no frames.
    Unreadable,
}

/// Reads units one after the other and keeps what it found of the wanted addresses.
pub struct UnitSweeper<'a, 'data> {
    debug: Debug<'a, 'data>,
    budget: Budget<'a>,
    names: Names<'data>,
    files: Files,
    frames: Vec<SweptFrame>,
    addresses: Vec<SweptAddress>,
}

#[derive(Default)]
struct Files {
    by_path: HashMap<Vec<u8>, u32>,
    text_bytes: usize,
}

impl Files {
    /// Counted from 1.
    fn intern(&mut self, path: Vec<u8>) -> u32 {
        self.text_bytes += path.len();
        if self.text_bytes > MAX_TEXT_BYTES {
            return self.by_path.get(&path).copied().unwrap_or(0);
        }
        let next = self.by_path.len() as u32 + 1;
        *self.by_path.entry(path).or_insert(next)
    }
}

impl<'a, 'data> UnitSweeper<'a, 'data> {
    pub fn new(
        sections: &'a DebugSections<'data>,
        plan: &'a SweepPlan<'data>,
        work: &'a Work,
    ) -> UnitSweeper<'a, 'data> {
        UnitSweeper {
            debug: Debug { sections, units: &plan.units, supplement: &plan.supplement },
            budget: Budget::of(work),
            names: Names::new(),
            files: Files::default(),
            frames: Vec::new(),
            addresses: Vec::new(),
        }
    }

    /// `addresses` is the list that the plan was made for.
    pub fn sweep(&mut self, planned: &PlannedUnit<'data>, addresses: &[u64]) -> UnitOutcome {
        let wanted: Vec<u64> = planned.wanted.iter().map(|&index| addresses[index as usize]).collect();
        let header = self.debug.units.as_slice()[planned.unit];
        let Some(unit) = Unit::read(self.debug.sections, header, &mut self.budget) else {
            return UnitOutcome::Unreadable;
        };
        let Some(split) = planned.split_of(&unit, &mut self.budget) else {
            return UnitOutcome::Unreadable;
        };
        let (debug, entries) = split.as_ref().map_or((self.debug, &unit), |(debug, unit)| (*debug, unit));
        let Some(scopes) = Scopes::read(debug.sections, entries, &wanted, &mut self.budget) else {
            return UnitOutcome::Unreadable;
        };
        if self.frames.len() > MAX_FRAMES {
            return UnitOutcome::Unreadable;
        }
        let (lines, rows, is_whole) = self.read_lines(&unit, &wanted);
        let from = Referrer { debug, unit: entries, closures: &scopes.closures };
        let mut places = UnitPlaces::new(from, &unit, lines, scopes.scopes.len());
        for (position, &index) in planned.wanted.iter().enumerate() {
            let first = self.frames.len();
            self.push_chain(&scopes, scopes.innermost[position].scope, rows[position], &mut places);
            let count = (self.frames.len() - first) as u32;
            self.addresses.push(SweptAddress { index, first: first as u32, count });
        }
        match is_whole {
            true if unit.is_split() && split.is_none() => UnitOutcome::WithoutSplitFile,
            true => UnitOutcome::Read,
            false => UnitOutcome::WithoutLines,
        }
    }

    /// A unit without a line program is whole.
    fn read_lines(
        &mut self,
        unit: &Unit<'data>,
        wanted: &[u64],
    ) -> (Option<LineHeader<'data>>, Vec<Option<LineRow>>, bool) {
        let nothing = vec![None; wanted.len()];
        let Some(offset) = unit.root.statement_list else { return (None, nothing, true) };
        let header = LineHeader::read(self.debug.sections.lines, offset, unit.header.encoding, &mut self.budget);
        let Some(header) = header else { return (None, nothing, false) };
        let (rows, is_whole) = read_rows(&header, wanted, &mut self.budget);
        (Some(header), rows, is_whole)
    }

    /// From the innermost scope outwards up to the function: each is where the scope inside of it was called from.
    fn push_chain(
        &mut self,
        scopes: &Scopes<'_, 'data>,
        innermost: u32,
        row: Option<LineRow>,
        places: &mut UnitPlaces<'_, 'data>,
    ) {
        let mut place = row;
        if innermost == NO_SCOPE {
            if let Some(row) = row {
                let file = self.file(row.file, places);
                self.frames.push(frame(0, file, Some(row), None));
            }
            return;
        }
        let mut next = innermost;
        for _ in 0..MAX_CHAIN.min(MAX_FRAMES.saturating_sub(self.frames.len())) {
            let Some(scope) = scopes.scopes.get(next as usize) else { return };
            let name = self.name(next as usize, scope, places);
            let file = place.map_or(0, |row| self.file(row.file, places));
            self.frames.push(frame(name, file, place, Some(scope)));
            if !scope.is_inlined {
                return;
            }
            let number = |value: u64| u32::try_from(value).unwrap_or(0);
            let (line, column) = (number(scope.entry.call_line), number(scope.entry.call_column));
            place = Some(LineRow { file: scope.entry.call_file, line, column });
            next = scope.parent;
        }
    }

    fn name(&mut self, number: usize, scope: &Scope<'data>, places: &mut UnitPlaces<'_, 'data>) -> u32 {
        let (names, budget) = (&mut self.names, &mut self.budget);
        *places.names[number].get_or_insert_with(|| names.name_of(places.from, &scope.entry, budget))
    }

    fn file(&mut self, index: u64, places: &mut UnitPlaces<'_, 'data>) -> u32 {
        let Some(lines) = &places.lines else { return 0 };
        let known = usize::try_from(index).ok().and_then(|index| places.files.get_mut(index));
        let Some(known) = known else { return 0 };
        let (sections, budget, files) = (self.debug.sections, &mut self.budget, &mut self.files);
        *known.get_or_insert_with(|| {
            lines.files.path(index, sections, places.unit, budget).map_or(0, |path| files.intern(path))
        })
    }

    /// One entry for each address of the units that were read, in any order.
    pub fn addresses(&self) -> &[SweptAddress] {
        &self.addresses
    }

    pub fn frames(&self, address: &SweptAddress) -> &[SweptFrame] {
        &self.frames[address.first as usize..][..address.count as usize]
    }

    /// Linkage names where there are any, else plain ones. One may be there more than once.
    pub fn names(&self) -> &[&'data [u8]] {
        &self.names.texts
    }

    /// Names with what rustc calls the closures in their path, outermost first: `{async_fn#0}`, `{closure#1}`.
    pub fn closures(&self) -> impl Iterator<Item = (&'data [u8], &[&'data [u8]])> {
        self.names.closures.iter().map(|(&name, path)| (self.names.texts[name as usize], path.as_slice()))
    }

    pub fn files(&self) -> Vec<&[u8]> {
        let mut paths: Vec<&[u8]> = vec![b""; self.files.by_path.len() + 1];
        for (path, &index) in &self.files.by_path {
            paths[index as usize] = path;
        }
        paths
    }
}

/// A unit's names by their scopes and files by their numbers, each found once: most are asked for more than once.
struct UnitPlaces<'u, 'data> {
    /// Where its entries are.
    from: Referrer<'u, 'data>,
    /// Where its lines are.
    unit: &'u Unit<'data>,
    lines: Option<LineHeader<'data>>,
    files: Vec<Option<u32>>,
    names: Vec<Option<u32>>,
}

impl<'u, 'data> UnitPlaces<'u, 'data> {
    fn new(from: Referrer<'u, 'data>, unit: &'u Unit<'data>, lines: Option<LineHeader<'data>>, scopes: usize) -> Self {
        // Counted from 0 or from 1.
        let files = lines.as_ref().map_or(0, |lines| lines.files.files.len() + 1);
        UnitPlaces { from, unit, lines, files: vec![None; files], names: vec![None; scopes] }
    }
}

fn frame(name: u32, file: u32, row: Option<LineRow>, scope: Option<&Scope<'_>>) -> SweptFrame {
    let (line, column) = row.map_or((0, 0), |row| (row.line, row.column));
    let is_inlined = scope.is_some_and(|scope| scope.is_inlined);
    SweptFrame { name, file, line, column, is_inlined, is_function: scope.is_some() }
}
