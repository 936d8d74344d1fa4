//! Program headers: what of a file is mapped, and where.

use super::file_header::FileHeader;
use super::reader::Reader;
use super::sections::Sections;

const PN_XNUM: u16 = 0xffff;
const PROGRAM_HEADER_SIZE: usize = 56;

/// An executable PT_LOAD.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    pub vaddr: u64,
    pub offset: u64,
    pub file_size: u64,
    pub memory_size: u64,
}

impl Segment {
    /// The first address behind the segment; saturates.
    pub fn end(&self) -> u64 {
        self.vaddr.saturating_add(self.memory_size)
    }

    pub(crate) fn offset_end(&self) -> u64 {
        self.offset.saturating_add(self.file_size)
    }

    pub(crate) fn address_of(&self, offset: u64) -> u64 {
        self.vaddr.wrapping_add(offset.wrapping_sub(self.offset))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct ProgramHeader {
    pub kind: u32,
    pub flags: u32,
    pub align: u64,
    pub segment: Segment,
}

pub(crate) fn read_program_headers(
    data: &[u8],
    header: &FileHeader,
    sections: &Sections<'_>,
) -> Option<Vec<ProgramHeader>> {
    let count = match header.program_count {
        PN_XNUM => sections.iter().next()?.info as usize,
        count => usize::from(count),
    };
    if count == 0 {
        return Some(Vec::new());
    }
    let stride = usize::from(header.program_size);
    if stride < PROGRAM_HEADER_SIZE {
        return None;
    }
    let start = usize::try_from(header.program_offset).ok()?;
    let end = start.checked_add(count.checked_mul(stride)?)?;
    let table = data.get(start..end)?;
    table.chunks_exact(stride).map(read_program_header).collect()
}

fn read_program_header(bytes: &[u8]) -> Option<ProgramHeader> {
    let mut reader = Reader::new(bytes);
    let (kind, flags) = (reader.u32()?, reader.u32()?);
    let (offset, vaddr) = (reader.u64()?, reader.u64()?);
    let _physical_address = reader.u64()?;
    let (file_size, memory_size) = (reader.u64()?, reader.u64()?);
    let align = reader.u64()?;
    let segment = Segment { vaddr, offset, file_size, memory_size };
    Some(ProgramHeader { kind, flags, align, segment })
}
