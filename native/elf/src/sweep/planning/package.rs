//! A package of .dwo files (.dwp): their sections one after the other, and an index of whose part is where.

use crate::file::reader::Reader;
use crate::sweep::sections::DebugSections;

/// Before DWARF 5 the GNU tools' own.
const GNU_VERSION: u32 = 2;
const VERSION: u32 = 5;
/// More columns than kinds of sections are not read.
const MAX_COLUMNS: usize = 16;

/// The index of compilation units.
pub struct PackageIndex<'data> {
    version: u32,
    columns: usize,
    /// Ids in a hash table, and for each the number of its row, from 1; 0 for an empty slot.
    ids: &'data [u8],
    rows: &'data [u8],
    /// Which section each column is about.
    kinds: &'data [u8],
    offsets: &'data [u8],
    sizes: &'data [u8],
}

impl<'data> PackageIndex<'data> {
    /// `index` is the content of .debug_cu_index.
    pub fn read(index: &'data [u8]) -> Option<PackageIndex<'data>> {
        let mut reader = Reader::new(index);
        // DWARF 5 has 16 bits of version and 16 of padding.
        let (version, columns) = (reader.u32()?, reader.u32()? as usize);
        let (units, slots) = (reader.u32()? as usize, reader.u32()? as usize);
        if (version != GNU_VERSION && version != VERSION) || columns > MAX_COLUMNS {
            return None;
        }
        let cells = units.checked_mul(columns)?.checked_mul(4)?;
        Some(PackageIndex {
            version,
            columns,
            ids: reader.bytes(slots.checked_mul(8)?)?,
            rows: reader.bytes(slots.checked_mul(4)?)?,
            kinds: reader.bytes(columns * 4)?,
            offsets: reader.bytes(cells)?,
            sizes: reader.bytes(cells)?,
        })
    }

    /// The package's sections as the .dwo file of this id had them; strings are common to all.
    pub fn sections_of(&self, id: u64, package: &DebugSections<'data>) -> Option<DebugSections<'data>> {
        let row = self.row_of(id)?;
        let mut sections = *package;
        for column in 0..self.columns {
            let cell = row.checked_mul(self.columns)?.checked_add(column)?;
            let (start, size) = (word(self.offsets, cell)? as usize, word(self.sizes, cell)? as usize);
            // DW_SECT_*; numbers from 5 on changed their meaning with DWARF 5.
            let section = match (word(self.kinds, column)?, self.version) {
                (1, _) => &mut sections.info,
                (3, _) => &mut sections.abbreviations,
                (6, _) => &mut sections.string_offsets,
                (8, VERSION) => &mut sections.range_lists,
                _ => continue,
            };
            *section = section.get(start..start.checked_add(size)?)?;
        }
        Some(sections)
    }

    /// Open addressing with a second hash, as the standard says; counted from 0.
    fn row_of(&self, id: u64) -> Option<usize> {
        let slots = self.ids.len() / 8;
        let mask = (slots as u64).checked_sub(1)?;
        let step = id >> 32 & mask | 1;
        let mut slot = id & mask;
        for _ in 0..slots {
            let index = usize::try_from(slot).ok()?;
            let row = word(self.rows, index)?;
            if row == 0 {
                return None;
            }
            if Reader::at(self.ids, index.checked_mul(8)?).u64()? == id {
                return Some(row as usize - 1);
            }
            slot = slot.wrapping_add(step) & mask;
        }
        None
    }
}

fn word(words: &[u8], index: usize) -> Option<u32> {
    Reader::at(words, index.checked_mul(4)?).u32()
}
