//! A unit with its root entry: what the values of its other entries are relative to.

use std::ffi::CStr;
use std::sync::Arc;

use super::abbreviations::Abbreviations;
use super::attributes::Kind;
use super::entry::Entry;
use super::form::{read_address, Value};
use super::units::UnitHeader;
use crate::file::reader::Reader;
use crate::sweep::sections::DebugSections;
use crate::sweep::work::Budget;

/// Longer texts are taken for missing: the longest names of C++ programs have some ten thousand bytes.
const MAX_TEXT_BYTES: usize = 1 << 18;

pub(crate) struct Unit<'data> {
    pub header: UnitHeader,
    pub abbreviations: Arc<Abbreviations>,
    pub root: Entry<'data>,
    /// DW_AT_low_pc of the root: what the addresses in its ranges count from.
    pub base_address: u64,
    /// What offsets in .debug_ranges count from: not 0 in .dwo files only.
    pub ranges_base: u64,
}

impl<'data> Unit<'data> {
    pub fn read(sections: &DebugSections<'data>, header: UnitHeader, budget: &mut Budget<'_>) -> Option<Unit<'data>> {
        let table = read_table(sections, header, usize::MAX, budget)?;
        Self::with_table(sections, header, table, budget)
    }

    /// One whose table may be that of another unit in the same section: units that were optimized together share one.
    pub fn read_beside(
        other: &Unit<'data>,
        sections: &DebugSections<'data>,
        header: UnitHeader,
        budget: &mut Budget<'_>,
    ) -> Option<Unit<'data>> {
        match other.header.has_table_of(&header) {
            true => Self::with_table(sections, header, Arc::clone(&other.abbreviations), budget),
            false => Self::read(sections, header, budget),
        }
    }

    /// With no more abbreviations than the root needs, or those of the unit before.
    pub fn read_root(
        before: Option<&Unit<'data>>,
        sections: &DebugSections<'data>,
        header: UnitHeader,
        budget: &mut Budget<'_>,
    ) -> Option<Unit<'data>> {
        let before = before.filter(|before| before.header.has_table_of(&header));
        let known = before.and_then(|it| Self::with_table(sections, header, Arc::clone(&it.abbreviations), budget));
        // The root's is the first in the tables of all compilers, but for units that LTO imported.
        let mut first_only = || Self::with_table(sections, header, read_table(sections, header, 1, budget)?, budget);
        known.or_else(&mut first_only).or_else(|| Self::read(sections, header, budget))
    }

    fn with_table(
        sections: &DebugSections<'data>,
        header: UnitHeader,
        abbreviations: Arc<Abbreviations>,
        budget: &mut Budget<'_>,
    ) -> Option<Unit<'data>> {
        let mut reader = Reader::at(sections.info.get(..header.end)?, header.entries);
        let abbreviation = abbreviations.get(reader.uleb()?)?;
        if abbreviation.kind != Kind::Unit {
            return None;
        }
        let root = Entry::read(&mut reader, abbreviation, &abbreviations, header.encoding, budget)?;
        let mut unit = Unit { header, abbreviations, root, base_address: 0, ranges_base: 0 };
        unit.base_address = root.low_pc.and_then(|value| unit.address(sections, value)).unwrap_or(0);
        Some(unit)
    }

    /// One of a .dwo file, which counts addresses and ranges from where its skeleton says.
    pub fn read_split(
        sections: &DebugSections<'data>,
        header: UnitHeader,
        skeleton: &Unit<'data>,
        budget: &mut Budget<'_>,
    ) -> Option<Unit<'data>> {
        let mut unit = Self::read(sections, header, budget)?;
        unit.root.address_base = skeleton.root.address_base;
        unit.base_address = skeleton.base_address;
        unit.ranges_base = skeleton.root.ranges_base.unwrap_or(0);
        Some(unit)
    }

    /// Its code is described in a .dwo file or package.
    pub fn is_split(&self) -> bool {
        self.root.split_file.is_some()
    }

    pub fn split_id(&self) -> u64 {
        match self.header.encoding.version {
            5.. => self.header.split_id,
            _ => self.root.split_id.unwrap_or(0),
        }
    }

    pub fn address(&self, sections: &DebugSections<'_>, value: Value<'_>) -> Option<u64> {
        match value {
            Value::Address(address) => Some(address),
            Value::AddressIndex(index) => self.indexed_address(sections, index),
            _ => None,
        }
    }

    pub fn indexed_address(&self, sections: &DebugSections<'_>, index: u64) -> Option<u64> {
        let bytes = u64::from(self.header.encoding.address_bytes);
        let position = self.root.address_base?.checked_add(index.checked_mul(bytes)?)?;
        read_address(&mut Reader::at(sections.addresses, usize::try_from(position).ok()?), self.header.encoding)
    }

    /// A string wherever it lies.
    pub fn text(
        &self,
        sections: &DebugSections<'data>,
        value: Value<'data>,
        budget: &mut Budget<'_>,
    ) -> Option<&'data [u8]> {
        if let Value::String(text) = value {
            return Some(text);
        }
        let rest = self.text_and_more(sections, value)?;
        let window = &rest[..rest.len().min(MAX_TEXT_BYTES)];
        // Not the reader's way, which looks at one byte after the other.
        let text = CStr::from_bytes_until_nul(window).ok().map(CStr::to_bytes);
        budget.take(text.map_or(window.len(), <[u8]>::len) as u64)?;
        text
    }

    /// Of a string; 0 for an empty one.
    pub fn first_byte(&self, sections: &DebugSections<'data>, value: Value<'data>) -> Option<u8> {
        match value {
            Value::String(text) => Some(text.first().copied().unwrap_or(0)),
            value => self.text_and_more(sections, value)?.first().copied(),
        }
    }

    /// A string of another section, and what comes behind it there.
    fn text_and_more(&self, sections: &DebugSections<'data>, value: Value<'data>) -> Option<&'data [u8]> {
        let (section, offset) = match value {
            Value::StringOffset(offset) => (sections.strings, offset),
            Value::LineStringOffset(offset) => (sections.line_strings, offset),
            Value::SupplementString(offset) => (sections.supplement?.strings, offset),
            Value::StringIndex(index) => (sections.strings, self.string_offset(sections, index)?),
            _ => return None,
        };
        section.get(usize::try_from(offset).ok()?..)
    }

    fn string_offset(&self, sections: &DebugSections<'_>, index: u64) -> Option<u64> {
        let encoding = self.header.encoding;
        let bytes = if encoding.is_64bit { 8 } else { 4 };
        // Without one, as in .dwo files: behind the header of the section, which DWARF 4 does not have.
        let first = if encoding.version >= 5 { 2 * bytes } else { 0 };
        let base = self.root.string_offsets_base.unwrap_or(first);
        let position = base.checked_add(index.checked_mul(bytes)?)?;
        encoding.offset(&mut Reader::at(sections.string_offsets, usize::try_from(position).ok()?))
    }

    /// Where in the unit's own .debug_info a reference points.
    pub fn reference(&self, value: Value<'_>) -> Option<usize> {
        match value {
            Value::UnitReference(offset) => self.header.offset.checked_add(usize::try_from(offset).ok()?),
            Value::InfoReference(offset) => usize::try_from(offset).ok(),
            _ => None,
        }
    }
}

/// The first `most` abbreviations of the unit's table.
fn read_table(
    sections: &DebugSections<'_>,
    header: UnitHeader,
    most: usize,
    budget: &mut Budget<'_>,
) -> Option<Arc<Abbreviations>> {
    let table = sections.abbreviations.get(usize::try_from(header.abbreviations).ok()?..)?;
    Abbreviations::parse(table, header.encoding, most, budget).map(Arc::new)
}
