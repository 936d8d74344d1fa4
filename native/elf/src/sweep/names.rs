//! Names of functions, each found and kept once.

use std::collections::HashMap;

use super::closures::{is_closure, Closures};
use super::entries::debug::{Debug, EntryPlace};
use super::entries::entry::Entry;
use super::entries::form::Value;
use super::entries::unit::Unit;
use super::scopes::ScopeEntry;
use super::sections::DebugSections;
use super::work::Budget;
use crate::file::reader::Reader;

/// An inlined call refers to its abstract function, that to its declaration; more is a cycle.
const MAX_REFERENCES: usize = 16;
/// Units that others refer to, kept with their abbreviations: programs with fat LTO refer to a few again and again.
const MAX_FOREIGN_UNITS: usize = 128;
/// Of different names; ten thousand addresses of a large C++ program have 5 MB. What is more is not named.
pub(crate) const MAX_TEXT_BYTES: usize = 64 << 20;

/// Texts by number; 0 is none.
pub(crate) struct Names<'data> {
    text_bytes: usize,
    /// By where they are: linkers merge equal strings, and hashing whole ones was a sixth of a sweep.
    by_place: HashMap<(usize, usize), u32>,
    /// Address of the entry that an inlined call refers to → name.
    by_origin: HashMap<usize, u32>,
    pub texts: Vec<&'data [u8]>,
    /// For each that is of a closure, or of a function in one: what rustc calls them, outermost first.
    pub closures: HashMap<u32, Vec<&'data [u8]>>,
    /// By the address of their headers.
    foreign: HashMap<usize, Unit<'data>>,
}

impl<'data> Names<'data> {
    pub fn new() -> Names<'data> {
        Names {
            text_bytes: 0,
            by_place: HashMap::new(),
            by_origin: HashMap::new(),
            texts: vec![b""],
            closures: HashMap::new(),
            foreign: HashMap::new(),
        }
    }

    /// The linkage name, from the entry or what it refers to, else the plain name.
    pub fn name_of(&mut self, from: Referrer<'_, 'data>, entry: &ScopeEntry<'data>, budget: &mut Budget<'_>) -> u32 {
        let Referrer { debug, unit, closures } = from;
        let text = |value: Option<Value<'data>>, budget: &mut Budget<'_>| unit.text(debug.sections, value?, budget);
        let own = Found { linkage: text(entry.linkage_name, budget), plain: None, offset: entry.offset };
        if own.linkage.is_some() {
            return self.intern_found(Found { plain: text(entry.name, budget), ..own }, closures, budget);
        }
        let plain = text(entry.name, budget);
        let origin = entry.origin.and_then(|value| debug.place(unit, value));
        match (origin, plain) {
            (Some(origin), None) => self.name_at(from, origin, budget),
            (Some(origin), Some(plain)) => {
                let found = self.find(from, origin, budget);
                self.intern_found(Found { plain: Some(plain), ..found }, closures, budget)
            }
            (None, plain) => self.intern(plain.unwrap_or_default()),
        }
    }

    fn name_at(&mut self, from: Referrer<'_, 'data>, origin: EntryPlace<'_, 'data>, budget: &mut Budget<'_>) -> u32 {
        let key = origin.debug.address_of(origin.offset);
        if let Some(&name) = self.by_origin.get(&key) {
            return name;
        }
        let found = self.find(from, origin, budget);
        let name = self.intern_found(found, from.closures, budget);
        self.by_origin.insert(key, name);
        name
    }

    fn intern_found(&mut self, found: Found<'data>, closures: &Closures<'data>, budget: &mut Budget<'_>) -> u32 {
        let name = self.intern(found.linkage.or(found.plain).unwrap_or_default());
        if found.linkage.is_some() && budget.take(closures.len() as u64).is_some() {
            let own = found.plain.filter(|plain| is_closure(plain));
            let path: Vec<&[u8]> = closures.around(found.offset).chain(own).collect();
            // An entry that another unit refers to is seen without what is around it.
            if path.len() > self.closures.get(&name).map_or(0, Vec::len) {
                self.closures.insert(name, path);
            }
        }
        name
    }

    /// Follows references, also into other units, until an entry has a linkage name.
    fn find(
        &mut self,
        from: Referrer<'_, 'data>,
        origin: EntryPlace<'_, 'data>,
        budget: &mut Budget<'_>,
    ) -> Found<'data> {
        let mut found = Found::default();
        let mut next = Some(origin);
        for _ in 0..MAX_REFERENCES {
            let Some(EntryPlace { debug, offset }) = next else { break };
            let Some(holder) = self.unit_at(from, debug, offset, budget) else { break };
            let Some(entry) = read_at(debug.sections, holder, offset, budget) else { break };
            let mut text = |value: Option<Value<'data>>| holder.text(debug.sections, value?, budget);
            found.linkage = text(entry.linkage_name);
            found.plain = found.plain.or_else(|| text(entry.name));
            // Closures are known by their places in one .debug_info.
            found.offset = if from.is_of(debug) { offset } else { 0 };
            if found.linkage.is_some() {
                break;
            }
            next = entry.origin.and_then(|value| debug.place(holder, value));
        }
        found
    }

    fn unit_at<'u>(
        &'u mut self,
        from: Referrer<'u, 'data>,
        debug: Debug<'_, 'data>,
        offset: usize,
        budget: &mut Budget<'_>,
    ) -> Option<&'u Unit<'data>> {
        let own = &from.unit.header;
        if from.is_of(debug) && (own.entries..own.end).contains(&offset) {
            return Some(from.unit);
        }
        let header = debug.units.as_slice()[debug.units.containing(offset)?];
        let key = debug.address_of(header.offset);
        if !self.foreign.contains_key(&key) {
            if self.foreign.len() >= MAX_FOREIGN_UNITS {
                self.foreign.clear();
            }
            let unit = match from.is_of(debug) {
                true => Unit::read_beside(from.unit, debug.sections, header, budget)?,
                false => Unit::read(debug.sections, header, budget)?,
            };
            self.foreign.insert(key, unit);
        }
        self.foreign.get(&key)
    }

    fn intern(&mut self, text: &'data [u8]) -> u32 {
        if text.is_empty() || self.text_bytes > MAX_TEXT_BYTES {
            return 0;
        }
        let (texts, text_bytes) = (&mut self.texts, &mut self.text_bytes);
        *self.by_place.entry((text.as_ptr() as usize, text.len())).or_insert_with(|| {
            *text_bytes += text.len();
            texts.push(text);
            texts.len() as u32 - 1
        })
    }
}

#[derive(Default)]
struct Found<'data> {
    /// Of the entry that was read last.
    offset: usize,
    linkage: Option<&'data [u8]>,
    plain: Option<&'data [u8]>,
}

/// The unit that refers to others.
#[derive(Clone, Copy)]
pub(crate) struct Referrer<'a, 'data> {
    pub debug: Debug<'a, 'data>,
    pub unit: &'a Unit<'data>,
    pub closures: &'a Closures<'data>,
}

impl Referrer<'_, '_> {
    fn is_of(self, debug: Debug<'_, '_>) -> bool {
        std::ptr::eq(self.debug.units, debug.units)
    }
}

fn read_at<'data>(
    sections: &DebugSections<'data>,
    unit: &Unit<'data>,
    offset: usize,
    budget: &mut Budget<'_>,
) -> Option<Entry<'data>> {
    let mut reader = Reader::at(sections.info.get(..unit.header.end)?, offset);
    let abbreviation = unit.abbreviations.get(reader.uleb()?)?;
    Entry::read(&mut reader, abbreviation, &unit.abbreviations, unit.header.encoding, budget)
}
