//! The one pass over a unit's entries: functions and inlined calls that hold wanted addresses.

use super::closures::{ClosureIndex, Closures, NO_CLOSURE};
use super::entries::abbreviations::Abbreviation;
use super::entries::attributes::Kind;
use super::entries::entry::{skip_entry, Entry};
use super::entries::form::Value;
use super::entries::ranges::for_each_range;
use super::entries::unit::Unit;
use super::sections::DebugSections;
use super::work::Budget;
use crate::file::reader::Reader;

pub(crate) const NO_SCOPE: u32 = u32::MAX;
/// Real units nest some dozen entries deep.
const MAX_DEPTH: usize = 1 << 12;
/// Of one unit, around wanted addresses.
const MAX_SCOPES: usize = 1 << 20;

/// A function or an inlined call.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'data> {
    /// The scope around an inlined call.
    pub parent: u32,
    pub is_inlined: bool,
    pub entry: ScopeEntry<'data>,
}

/// What is needed of a scope's entry once it turns out to be part of a chain.
#[derive(Clone, Copy)]
pub(crate) struct ScopeEntry<'data> {
    /// Its own in .debug_info.
    pub offset: usize,
    pub name: Option<Value<'data>>,
    pub linkage_name: Option<Value<'data>>,
    pub origin: Option<Value<'data>>,
    pub call_file: u64,
    pub call_line: u64,
    pub call_column: u64,
}

/// Scopes come after the ones around them. Where others overlap (DWARF 2 has no ranges in pieces, so that the parts of a
/// function are functions of their own), the one that begins last is the innermost, as in llvm-symbolizer.
#[derive(Clone, Copy)]
pub(crate) struct Innermost {
    pub scope: u32,
    start: u64,
}

/// Where the pass is.
#[derive(Clone, Copy)]
struct Place {
    scope: u32,
    /// Inside of code that holds wanted addresses, so that inlined calls matter.
    is_live: bool,
    /// The innermost namespace around it that is one.
    closure: ClosureIndex,
}

pub(crate) struct Scopes<'a, 'data> {
    sections: &'a DebugSections<'data>,
    unit: &'a Unit<'data>,
    addresses: &'a [u64],
    pub scopes: Vec<Scope<'data>>,
    /// For each address the innermost scope around it.
    pub innermost: Vec<Innermost>,
    pub closures: Closures<'data>,
    /// Functions may lie below entries that were passed over.
    has_jumped: bool,
}

impl<'a, 'data> Scopes<'a, 'data> {
    /// `addresses` are the unit's own, sorted. `None` for entries that cannot be read.
    pub fn read(
        sections: &'a DebugSections<'data>,
        unit: &'a Unit<'data>,
        addresses: &'a [u64],
        budget: &mut Budget<'_>,
    ) -> Option<Scopes<'a, 'data>> {
        let mut scopes = Scopes {
            sections,
            unit,
            addresses,
            scopes: Vec::new(),
            innermost: Vec::new(),
            closures: Closures::default(),
            has_jumped: false,
        };
        // DWARF 2 has no ranges in pieces: an inlined call may lie outside of the code that is around it.
        scopes.pass(unit.header.encoding.version == 2, budget)?;
        // A nested function may lie outside of the function around it, where nobody looked.
        if scopes.has_jumped && scopes.innermost.iter().any(|it| it.scope == NO_SCOPE) {
            scopes.pass(true, budget)?;
        }
        Some(scopes)
    }

    fn pass(&mut self, is_whole: bool, budget: &mut Budget<'_>) -> Option<()> {
        let (unit, header) = (self.unit, &self.unit.header);
        self.scopes.clear();
        self.closures = Closures::default();
        self.innermost = vec![Innermost { scope: NO_SCOPE, start: 0 }; self.addresses.len()];
        let mut reader = Reader::at(self.sections.info.get(..header.end)?, header.entries);
        let mut place = Place { scope: NO_SCOPE, is_live: is_whole, closure: NO_CLOSURE };
        let mut outer: Vec<Place> = Vec::new();
        while !reader.is_empty() {
            budget.take(1)?;
            let offset = reader.position();
            let code = reader.uleb()?;
            if code == 0 {
                let Some(around) = outer.pop() else { break };
                if place.closure != around.closure {
                    self.closures.end(place.closure, offset);
                }
                place = around;
                continue;
            }
            let abbreviation = unit.abbreviations.get(code)?;
            let inner = self.step(&mut reader, abbreviation, offset, place, is_whole, budget)?;
            if let (true, Some(inner)) = (abbreviation.has_children, inner) {
                outer.push(place);
                place = inner;
                if outer.len() > MAX_DEPTH {
                    return None;
                }
            }
        }
        Some(())
    }

    /// Passes one entry; the place of its children, or `None` when they were passed as well.
    #[inline(always)]
    fn step(
        &mut self,
        reader: &mut Reader<'data>,
        abbreviation: &Abbreviation,
        offset: usize,
        place: Place,
        is_whole: bool,
        budget: &mut Budget<'_>,
    ) -> Option<Option<Place>> {
        // Without branches: one that depends on the kind of entry is predicted badly, and there are millions.
        let is_read = abbreviation.is_read
            | (abbreviation.is_read_in_live_code & place.is_live)
            | (abbreviation.can_jump & !is_whole);
        if !is_read {
            skip_entry(reader, abbreviation, &self.unit.abbreviations, self.unit.header.encoding)?;
            return Some(Some(place));
        }
        self.step_into(reader, abbreviation, offset, place, is_whole, budget)
    }

    fn step_into(
        &mut self,
        reader: &mut Reader<'data>,
        abbreviation: &Abbreviation,
        offset: usize,
        place: Place,
        is_whole: bool,
        budget: &mut Budget<'_>,
    ) -> Option<Option<Place>> {
        let (unit, encoding) = (self.unit, self.unit.header.encoding);
        let entry = Entry::read(reader, abbreviation, &unit.abbreviations, encoding, budget)?;
        let inner = match abbreviation.kind {
            Kind::Namespace => return Some(Some(self.enter_namespace(&entry, offset, place, budget))),
            Kind::Data => Place { scope: NO_SCOPE, is_live: false, ..place },
            kind => self.enter(&entry, kind, offset, place, is_whole, budget)?,
        };
        let sibling = entry.sibling.filter(|_| abbreviation.has_children && !inner.is_live && !is_whole);
        let Some(sibling) = sibling else { return Some(Some(inner)) };
        let position = unit.reference(sibling).filter(|&it| it > reader.position() && it <= unit.header.end)?;
        *reader = Reader::at(self.sections.info.get(..unit.header.end)?, position);
        self.has_jumped |= abbreviation.kind == Kind::Function;
        Some(None)
    }

    fn enter_namespace(&mut self, entry: &Entry<'data>, offset: usize, place: Place, budget: &mut Budget<'_>) -> Place {
        // Most are modules: their names are not read to the end.
        let name = entry.name.filter(|&name| self.unit.first_byte(self.sections, name) == Some(b'{'));
        let text = name.and_then(|name| self.unit.text(self.sections, name, budget));
        let begun = text.and_then(|text| self.closures.begin(text, offset));
        Place { closure: begun.unwrap_or(place.closure), ..place }
    }

    /// The place inside of a function, an inlined call or a block.
    fn enter(
        &mut self,
        entry: &Entry<'data>,
        kind: Kind,
        offset: usize,
        place: Place,
        is_whole: bool,
        budget: &mut Budget<'_>,
    ) -> Option<Place> {
        let scope = if kind == Kind::Block { place.scope } else { self.scopes.len() as u32 };
        let (addresses, innermost) = (self.addresses, &mut self.innermost);
        let mut is_live = is_whole;
        for_each_range(self.sections, self.unit, entry, budget, |start, end| {
            let first = addresses.partition_point(|&address| address < start);
            let inside = addresses[first..].iter().take_while(|&&address| address < end).count();
            is_live |= inside > 0;
            if kind != Kind::Block {
                let claimed = innermost[first..first + inside].iter_mut().filter(|it| it.start <= start);
                claimed.for_each(|it| *it = Innermost { scope, start });
            }
            inside as u64
        })?;
        if !is_live {
            return Some(Place { scope: NO_SCOPE, is_live: false, ..place });
        }
        if kind != Kind::Block {
            if self.scopes.len() >= MAX_SCOPES {
                return None;
            }
            self.scopes.push(Scope {
                parent: place.scope,
                is_inlined: kind == Kind::Inlined,
                entry: ScopeEntry::of(entry, offset),
            });
        }
        Some(Place { scope, is_live, ..place })
    }
}

impl<'data> ScopeEntry<'data> {
    fn of(entry: &Entry<'data>, offset: usize) -> ScopeEntry<'data> {
        ScopeEntry {
            offset,
            name: entry.name,
            linkage_name: entry.linkage_name,
            origin: entry.origin,
            call_file: entry.call_file,
            call_line: entry.call_line,
            call_column: entry.call_column,
        }
    }
}
