//! The addresses that an entry covers.

use super::entry::Entry;
use super::form::{read_address, Value};
use super::unit::Unit;
use crate::file::reader::Reader;
use crate::sweep::sections::DebugSections;
use crate::sweep::work::Budget;

/// From here on addresses are marks that linkers leave for code which they dropped.
const FIRST_TOMBSTONE: u64 = u64::MAX - 1;

/// Calls `visit` with start and end of each range of the entry. Empty ranges and those of dropped code (at 0, or the
/// last addresses) are left out. `visit` answers how many steps it took. `None` for what cannot be read.
pub(crate) fn for_each_range<'data>(
    sections: &DebugSections<'data>,
    unit: &Unit<'data>,
    entry: &Entry<'data>,
    budget: &mut Budget<'_>,
    mut visit: impl FnMut(u64, u64) -> u64,
) -> Option<()> {
    let mut visit = |start: u64, end: u64| match start != 0 && start < end && start < FIRST_TOMBSTONE {
        true => 1 + visit(start, end),
        false => 1,
    };
    let mut visit = |start: u64, end: u64, budget: &mut Budget<'_>| budget.take(visit(start, end));
    if let Some(ranges) = entry.ranges {
        let lists = Lists { sections, unit };
        return match unit.header.encoding.version {
            5.. => lists.read_range_list(ranges, budget, &mut visit),
            _ => lists.read_ranges(unit.ranges_base.checked_add(ranges.section_offset()?)?, budget, &mut visit),
        };
    }
    let (Some(low), Some(high)) = (entry.low_pc, entry.high_pc) else { return Some(()) };
    let start = unit.address(sections, low)?;
    let end = match high {
        Value::Number(length) => start.checked_add(length)?,
        address => unit.address(sections, address)?,
    };
    visit(start, end, budget)
}

type Visit<'v> = dyn FnMut(u64, u64, &mut Budget<'_>) -> Option<()> + 'v;

struct Lists<'a, 'data> {
    sections: &'a DebugSections<'data>,
    unit: &'a Unit<'data>,
}

impl Lists<'_, '_> {
    /// .debug_ranges of DWARF 2 to 4.
    fn read_ranges(&self, offset: u64, budget: &mut Budget<'_>, visit: &mut Visit<'_>) -> Option<()> {
        let encoding = self.unit.header.encoding;
        let select_base = if encoding.address_bytes == 4 { u64::from(u32::MAX) } else { u64::MAX };
        let mut reader = Reader::at(self.sections.ranges, usize::try_from(offset).ok()?);
        let mut base = self.unit.base_address;
        loop {
            budget.take(1)?;
            let (start, end) = (read_address(&mut reader, encoding)?, read_address(&mut reader, encoding)?);
            match (start, end) {
                (0, 0) => return Some(()),
                (start, end) if start == select_base => base = end,
                (start, end) => visit(base.wrapping_add(start), base.wrapping_add(end), budget)?,
            }
        }
    }

    /// .debug_rnglists of DWARF 5.
    fn read_range_list(&self, list: Value<'_>, budget: &mut Budget<'_>, visit: &mut Visit<'_>) -> Option<()> {
        let encoding = self.unit.header.encoding;
        let mut reader = Reader::at(self.sections.range_lists, self.range_list_position(list)?);
        let mut base = self.unit.base_address;
        let indexed = |reader: &mut Reader<'_>| self.unit.indexed_address(self.sections, reader.uleb()?);
        loop {
            budget.take(1)?;
            // DW_RLE_*, in the order of their numbers.
            match reader.u8()? {
                0 => return Some(()),
                1 => base = indexed(&mut reader)?,
                2 => visit(indexed(&mut reader)?, indexed(&mut reader)?, budget)?,
                3 => {
                    let start = indexed(&mut reader)?;
                    visit(start, start.wrapping_add(reader.uleb()?), budget)?;
                }
                4 => {
                    let (start, end) = (reader.uleb()?, reader.uleb()?);
                    if base < FIRST_TOMBSTONE {
                        visit(base.wrapping_add(start), base.wrapping_add(end), budget)?;
                    }
                }
                5 => base = read_address(&mut reader, encoding)?,
                6 => visit(read_address(&mut reader, encoding)?, read_address(&mut reader, encoding)?, budget)?,
                7 => {
                    let start = read_address(&mut reader, encoding)?;
                    visit(start, start.wrapping_add(reader.uleb()?), budget)?;
                }
                _ => return None,
            }
        }
    }

    fn range_list_position(&self, list: Value<'_>) -> Option<usize> {
        let Value::ListIndex(index) = list else { return usize::try_from(list.section_offset()?).ok() };
        let encoding = self.unit.header.encoding;
        // Without one, as in .dwo files: the first list behind the header of the section.
        let base = self.unit.root.range_lists_base.unwrap_or(if encoding.is_64bit { 20 } else { 12 });
        let position = base.checked_add(index.checked_mul(if encoding.is_64bit { 8 } else { 4 })?)?;
        let offset = encoding.offset(&mut Reader::at(self.sections.range_lists, usize::try_from(position).ok()?))?;
        usize::try_from(base.checked_add(offset)?).ok()
    }
}
