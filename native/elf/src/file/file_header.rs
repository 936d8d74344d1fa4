//! The first bytes of an ELF file: what it is, and where its tables are.

use super::elf_error::ElfError;
use super::reader::Reader;

const HEADER_SIZE: usize = 64;

pub(crate) struct FileHeader {
    pub kind: u16,
    pub machine: u16,
    pub entry: u64,
    pub program_offset: u64,
    pub program_size: u16,
    pub program_count: u16,
    pub section_offset: u64,
    pub section_size: u16,
    pub section_count: u16,
    pub names_index: u16,
}

impl FileHeader {
    pub fn read(data: &[u8]) -> Option<FileHeader> {
        let mut reader = Reader::at(data.get(..HEADER_SIZE)?, 16);
        let (kind, machine) = (reader.u16()?, reader.u16()?);
        let _version = reader.u32()?;
        let entry = reader.u64()?;
        let (program_offset, section_offset) = (reader.u64()?, reader.u64()?);
        let _flags_and_header_size = (reader.u32()?, reader.u16()?);
        Some(FileHeader {
            kind,
            machine,
            entry,
            program_offset,
            program_size: reader.u16()?,
            program_count: reader.u16()?,
            section_offset,
            section_size: reader.u16()?,
            section_count: reader.u16()?,
            names_index: reader.u16()?,
        })
    }
}

pub(crate) fn check_identity(data: &[u8]) -> Result<(), ElfError> {
    if !data.starts_with(b"\x7fELF") {
        return Err(ElfError::NotElf);
    }
    match (data.get(4), data.get(5)) {
        (Some(2), Some(1)) => Ok(()),
        (Some(2), Some(_)) => Err(ElfError::NotLittleEndian),
        (Some(_), Some(_)) => Err(ElfError::Not64Bit),
        _ => Err(ElfError::Truncated("file header")),
    }
}
