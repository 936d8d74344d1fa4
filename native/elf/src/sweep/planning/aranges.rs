//! .debug_aranges: which unit describes which addresses.

use crate::file::reader::Reader;
use crate::sweep::work::Budget;
use crate::units::dwarf_entry::Encoding;

/// Calls `visit` with the offset of a unit's header and start and end of one of its ranges; every unit that is listed
/// at least once, then with an empty range. `visit` answers how many steps it took. Stops at what cannot be read: units that were not listed are asked
/// themselves. `None` when the budget is used up.
pub(crate) fn for_each_arange(
    aranges: &[u8],
    budget: &mut Budget<'_>,
    mut visit: impl FnMut(u64, u64, u64) -> u64,
) -> Option<()> {
    let mut rest = Reader::new(aranges);
    while let Some(set) = next_set(&mut rest) {
        budget.take(1 + set.tuples.len() as u64 / 16)?;
        budget.take(visit(set.unit, 0, 0))?;
        for tuple in set.tuples.chunks_exact(16) {
            let mut reader = Reader::new(tuple);
            let (Some(start), Some(length)) = (reader.u64(), reader.u64()) else { continue };
            // Code that the linker dropped.
            if start != 0 {
                budget.take(visit(set.unit, start, start.saturating_add(length)))?;
            }
        }
    }
    Some(())
}

struct Set<'a> {
    unit: u64,
    tuples: &'a [u8],
}

fn next_set<'a>(rest: &mut Reader<'a>) -> Option<Set<'a>> {
    let (length, is_64bit) = match rest.u32()? {
        0xffff_ffff => (rest.u64()?, true),
        length => (u64::from(length), false),
    };
    let header_bytes = if is_64bit { 12 } else { 4 };
    let set = rest.bytes(usize::try_from(length).ok()?)?;
    let mut reader = Reader::new(set);
    let encoding = Encoding { version: reader.u16()?, address_bytes: 0, is_64bit };
    let unit = encoding.offset(&mut reader)?;
    let (address_bytes, segment_bytes) = (reader.u8()?, reader.u8()?);
    if address_bytes != 8 || segment_bytes != 0 {
        return None;
    }
    // Tuples are aligned to their own size, counted from the beginning of the set with its length.
    let first = (header_bytes + reader.position()).next_multiple_of(16) - header_bytes;
    Some(Set { unit, tuples: set.get(first..)? })
}
