//! Where the units of .debug_info begin and end.

use crate::file::reader::Reader;
use crate::sweep::work::Budget;
use crate::units::dwarf_entry::Encoding;

const UNIT_COMPILE: u8 = 1;
const UNIT_TYPE: u8 = 2;
const UNIT_SKELETON: u8 = 4;
const UNIT_SPLIT_COMPILE: u8 = 5;
const UNIT_SPLIT_TYPE: u8 = 6;
/// A browser has 40,000; the list takes 56 bytes for each.
const MAX_UNITS: usize = 1 << 20;

#[derive(Clone, Copy, Debug)]
pub(crate) struct UnitHeader {
    /// Of the header in .debug_info.
    pub offset: usize,
    /// Of the root entry.
    pub entries: usize,
    pub end: usize,
    pub encoding: Encoding,
    pub abbreviations: u64,
    /// By which a skeleton and its unit in a .dwo file know each other; 0 before DWARF 5.
    pub split_id: u64,
    /// Type units describe no code.
    pub is_type_unit: bool,
}

impl UnitHeader {
    /// Whether one table of abbreviations, as it was read for one of them, is that of both.
    pub fn has_table_of(&self, other: &UnitHeader) -> bool {
        self.abbreviations == other.abbreviations && self.encoding == other.encoding
    }
}

/// In the order of the file. Units cannot overlap, as each begins where the last one ends: reading all of them is
/// linear in the size of the section.
pub(crate) struct UnitList {
    headers: Vec<UnitHeader>,
}

impl UnitList {
    pub const NONE: &'static UnitList = &UnitList { headers: Vec::new() };

    /// `None` when what follows a unit is no unit that can be read: then nothing behind it can be found.
    pub fn read(info: &[u8], budget: &mut Budget<'_>) -> Option<UnitList> {
        let mut headers = Vec::new();
        let mut offset = 0;
        while offset < info.len() {
            budget.take(1)?;
            let header = read_header(info, offset)?;
            offset = header.end;
            headers.push(header);
            if headers.len() > MAX_UNITS {
                return None;
            }
        }
        Some(UnitList { headers })
    }

    pub fn as_slice(&self) -> &[UnitHeader] {
        &self.headers
    }

    /// The unit whose header is at exactly this offset.
    pub fn at(&self, offset: u64) -> Option<usize> {
        let offset = usize::try_from(offset).ok()?;
        self.headers.binary_search_by_key(&offset, |header| header.offset).ok()
    }

    /// The unit with an entry at this offset.
    pub fn containing(&self, offset: usize) -> Option<usize> {
        let index = self.headers.partition_point(|header| header.offset <= offset).checked_sub(1)?;
        let header = &self.headers[index];
        (header.entries <= offset && offset < header.end).then_some(index)
    }
}

fn read_header(info: &[u8], offset: usize) -> Option<UnitHeader> {
    let mut reader = Reader::at(info, offset);
    let (length, is_64bit) = match reader.u32()? {
        0xffff_ffff => (reader.u64()?, true),
        length => (u64::from(length), false),
    };
    let end = reader.position().checked_add(usize::try_from(length).ok()?)?;
    if end > info.len() {
        return None;
    }
    let mut encoding = Encoding { version: reader.u16()?, address_bytes: 0, is_64bit };
    let mut kind = UNIT_COMPILE;
    let abbreviations = match encoding.version {
        2..=4 => {
            let table = encoding.offset(&mut reader)?;
            encoding.address_bytes = reader.u8()?;
            table
        }
        5 => {
            kind = reader.u8()?;
            encoding.address_bytes = reader.u8()?;
            encoding.offset(&mut reader)?
        }
        _ => return None,
    };
    let split_id = if kind == UNIT_SKELETON || kind == UNIT_SPLIT_COMPILE { reader.u64()? } else { 0 };
    let is_type_unit = kind == UNIT_TYPE || kind == UNIT_SPLIT_TYPE;
    let entries = reader.position().min(end);
    Some(UnitHeader { offset, entries, end, encoding, abbreviations, split_id, is_type_unit })
}
